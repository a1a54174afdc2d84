"""The alert sender: a loop over the outbox, with a few conversations with the mail server at once.

The loop alone speaks to the database: in one transaction it notes what came of the e-mails that
are done, and claims as many as can be begun at once. Nothing that was claimed waits in a queue.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

from traceapp.alerts.attempt import Letterhead, Mailer, Outcome, attempt, mistaken
from traceapp.alerts.kind import Draft, draft_of
from traceapp.alerts.outbox import (
    LEASE,
    Claim,
    claim,
    count_waiting,
    give_up,
    is_due,
    mark_sent,
    put_back,
    renew,
)
from traceapp.capture.heartbeat import beat
from traceapp.db import Database

#: Conversations with the mail server; Microsoft 365 allows a mailbox three.
MOST_AT_ONCE = 3
#: So often the outbox is looked into while there is nothing else to wait for.
LOOK_EVERY_S = 0.2
#: So often it is asked what has come to be owed meanwhile.
OWE_EVERY = timedelta(minutes=1)
_BEAT_EVERY = timedelta(seconds=5)
#: After the server could not be had, so long nobody asks it again.
_SERVER_REST = timedelta(seconds=10)

log = structlog.get_logger("alerts")


@dataclass(slots=True)
class Sender:
    """Sends what the outbox owes; `turn` is one look into it, for tests too.

    Without a mailer the e-mails stay in the outbox, and the heartbeat says so.
    """

    database: Database
    mailer: Mailer | None
    head: Letterhead
    clock: Callable[[], datetime]
    owe_what_is_due: Callable[[Database, datetime], object] = lambda _database, _now: None
    """Owes what comes to be owed by the passing of time alone; called once a minute."""
    sent: int = 0
    failed: int = 0
    trouble: str | None = None
    """What ails the mail server: unreachable, or refusing; None since it took an e-mail."""
    reason: str | None = None
    _couriers: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(MOST_AT_ONCE, "courier")
    )
    _claimed: list[Claim] = field(default_factory=list)
    """Claimed and not begun: the facts are still to be read."""
    _in_hand: dict[Future[Outcome], Claim] = field(default_factory=dict)
    _done: list[tuple[Claim, Outcome]] = field(default_factory=list)
    """Done and not noted: a database that is away makes us forget no answer of the server."""
    _is_met: bool = False
    """Whether a conversation could be begun when one was last tried."""
    _beat_at: datetime | None = None
    _owes_at: datetime | None = None
    _rests_until: datetime | None = None

    def turn(self, is_stopping: Callable[[], bool] = lambda: False) -> int:
        """Send all that is due; returns how many e-mails left."""
        before = self.sent
        while True:
            self._beat()
            self._owe()
            self._gather()
            self._note_and_claim(0 if is_stopping() else self._room())
            self._begin()
            if not self._in_hand:
                break
            wait(self._in_hand, LOOK_EVERY_S, FIRST_COMPLETED)
        if self.mailer is not None:
            self.mailer.hang_up_idle()
        return self.sent - before

    def close(self) -> None:
        """Wait for the e-mails in hand, and say goodbye to the server."""
        self._couriers.shutdown()
        if self.mailer is not None:
            self.mailer.hang_up()

    def _room(self) -> int:
        """How many more e-mails can be begun; one is tried first where the server is not met."""
        if self.mailer is None or (self._rests_until and self.clock() < self._rests_until):
            return 0
        most = MOST_AT_ONCE if self._is_met else 1
        return max(0, most - len(self._in_hand) - len(self._claimed))

    def _gather(self) -> None:
        """Learn from the e-mails that are done."""
        for future in [future for future in self._in_hand if future.done()]:
            outcome = future.result()
            self._done.append((self._in_hand.pop(future), outcome))
            self._learn(*self._done[-1])

    def _note_and_claim(self, room: int) -> None:
        """Write what came of e-mails and claim others, in one transaction if there is need."""
        now = self.clock()
        expiring = {f: c for f, c in self._in_hand.items() if c.until - now < LEASE / 2}
        if not self._done and not expiring and not (room and self._is_due()):
            return
        # A conversation is kept free for those that were never tried: trouble repeats itself.
        again = room - 1 if self._is_met else room
        with self.database.begin() as session:
            _note(session, self._done, now)
            renewed = {f: renew(session, claimed, now) for f, claimed in expiring.items()}
            claims = claim(session, now, room, again)
        self._done.clear()
        self._in_hand.update(renewed)
        self._claimed += claims

    def _is_due(self) -> bool:
        with self.database.read() as session:
            return is_due(session, self.clock())

    def _begin(self) -> None:
        """Read the facts of what was claimed, in one transaction, and begin to send it."""
        if not self._claimed or self.mailer is None:
            return
        with self.database.read() as session:
            drafts = [_draft_or_mistake(session, claimed) for claimed in self._claimed]
        for claimed, known in zip(self._claimed, drafts, strict=True):
            future: Future[Outcome] = Future()
            if isinstance(known, Outcome):
                future.set_result(known)
            else:
                future = self._couriers.submit(
                    attempt, claimed, known, self.head, self.mailer, self.clock
                )
            self._in_hand[future] = claimed
        self._claimed.clear()

    def _learn(self, claimed: Claim, outcome: Outcome) -> None:
        about = {claimed.kind: claimed.about_id, "mail": claimed.id}
        if outcome.kind == "sent":
            self.sent += 1
            self._is_met = True
            if self.trouble is not None:
                log.info("mail_server_well_again", was=self.trouble)
            self.trouble = self.reason = None
            log.info("sent", **about)
        elif outcome.kind == "later":
            self._note_trouble(outcome)
            log.warning("not_sent", attempts=claimed.attempts, server=self.trouble,
                        reason=self.reason, **about)  # fmt: skip
        elif outcome.kind == "withdrawn":
            log.info("not_owed_any_more", **about)
        elif outcome.kind == "lost":
            log.warning("lease_was_over", **about)
        else:  # The address' fault, or the mail's, or ours; not the server's.
            self.failed += 1
            said = "given_up" if outcome.kind == "refused" else "not_composed"
            log.error(said, reason=outcome.reason, **about)

    def _note_trouble(self, outcome: Outcome) -> None:
        self.failed += 1
        self.trouble = "refusing" if outcome.reason.isdigit() else "unreachable"
        self.reason = outcome.reason
        self._is_met = not outcome.is_servers
        if outcome.is_servers:
            self._rests_until = self.clock() + _SERVER_REST

    def _owe(self) -> None:
        now = self.clock()
        if self._owes_at is None or now >= self._owes_at:
            self._owes_at = now + OWE_EVERY
            try:
                self.owe_what_is_due(self.database, now)
            except (OperationalError, InterfaceError):  # The database is away, for all of us.
                raise
            except Exception as error:  # noqa: BLE001 - what is owed already leaves all the same
                self.failed += 1
                log.error("not_owed", reason=mistaken(error).said)

    def _beat(self) -> None:
        now = self.clock()
        if self._beat_at is not None and now < self._beat_at:
            return
        self._beat_at = now + _BEAT_EVERY
        with self.database.begin() as session:
            detail: dict[str, Any] = {
                "kind": "alerts",
                "has_server": self.mailer is not None,
                "waiting": count_waiting(session),
                "sent": self.sent,
                "failed": self.failed,
                "trouble": self.trouble,
                "reason": self.reason,
            }
            beat(session, "alerts", now, detail)


def _draft_or_mistake(session: Session, claimed: Claim) -> Draft | Outcome | None:
    """What the e-mail is to say; facts that cannot be read hold up no other e-mail."""
    try:
        return draft_of(session, claimed)
    except SQLAlchemyError:  # That is the database's, and the whole transaction's.
        raise
    except Exception as error:  # noqa: BLE001 - a mistake of ours about one e-mail costs that one
        return mistaken(error)


def _note(session: Session, done: Sequence[tuple[Claim, Outcome]], now: datetime) -> None:
    """Write what came of e-mails."""
    if sent := [claimed for claimed, outcome in done if outcome.kind == "sent"]:
        mark_sent(session, sent, now)
    for claimed, outcome in done:
        if outcome.kind in ("later", "mistaken"):
            put_back(session, claimed, outcome.said, now)
        elif outcome.kind in ("refused", "withdrawn"):
            give_up(session, claimed, outcome.said, now)
