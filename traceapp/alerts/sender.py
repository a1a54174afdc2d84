"""The alert sender: a plain loop over the outbox, one e-mail at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any, Protocol

import structlog

from traceapp.alerts.compose import compose
from traceapp.alerts.outbox import (
    Claim,
    claim,
    count_waiting,
    give_up,
    is_due,
    mark_sent,
    put_back,
)
from traceapp.alerts.smtp import NotSent
from traceapp.capture.heartbeat import beat
from traceapp.db import Database
from traceapp.log import where
from traceapp.models.outbox import WITHDRAWN
from traceapp.trace.alert import excursion_facts

_BEAT_EVERY = timedelta(seconds=5)
#: After trouble with the server itself, so long nobody asks it again.
_SERVER_REST = timedelta(seconds=10)

log = structlog.get_logger("alerts")


class Mailer(Protocol):
    """The edge to the mail server."""

    def send(self, message: EmailMessage, sender: str, recipient: str) -> None:
        """Return once the server has taken the message, raise NotSent otherwise."""

    def hang_up(self) -> None:
        """End the conversation, if there is one."""


@dataclass(slots=True)
class Sender:
    """Sends what the outbox owes; `turn` is one look into it, for tests too.

    Without a mailer the e-mails stay in the outbox, and the heartbeat says so.
    """

    database: Database
    mailer: Mailer | None
    mail_from: str
    base_url: str
    clock: Callable[[], datetime]
    sent: int = 0
    failed: int = 0
    trouble: str | None = None
    """What ails the mail server: unreachable, or refusing; None since it took an e-mail."""
    reason: str | None = None
    _beat_at: datetime | None = None
    _rests_until: datetime | None = None

    def turn(self, is_stopping: Callable[[], bool] = lambda: False) -> int:
        """Send all that is due; returns how many e-mails left."""
        self._beat()
        before = self.sent
        if self.mailer is None or (self._rests_until and self.clock() < self._rests_until):
            return 0
        while not is_stopping():
            with self.database.read() as session:
                if not is_due(session, self.clock()):
                    break
            with self.database.begin() as session:
                claimed = claim(session, self.clock())
            if claimed is None or not self._send(claimed):
                break
            self._beat()
        self.mailer.hang_up()
        return self.sent - before

    def _send(self, claimed: Claim) -> bool:
        """Send one e-mail and mark what became of it; False when the server needs a rest."""
        try:
            message = self._compose(claimed)
            if message is None:
                self._give_up(claimed, WITHDRAWN)
                return True
            assert self.mailer is not None
            self.mailer.send(message, self.mail_from, claimed.email)
        except NotSent as error:
            return self._note(claimed, error)
        except ValueError as error:
            self._give_up(claimed, f"ValueError at {where(error)}")
            return True
        with self.database.begin() as session:
            mark_sent(session, claimed, self.clock())
        self.sent += 1
        if self.trouble is not None:
            log.info("mail_server_well_again", was=self.trouble)
        self.trouble = self.reason = None
        log.info("sent", excursion=claimed.excursion_id, mail=claimed.id)
        return True

    def _compose(self, claimed: Claim) -> EmailMessage | None:
        """The e-mail, or None for an episode that later readings took back."""
        now = self.clock()
        with self.database.read() as session:
            facts = excursion_facts(session, claimed.excursion_id)
        if facts is None or facts.state == "withdrawn":
            return None
        return compose(
            facts,
            claimed.email,
            claimed.language,
            sender=self.mail_from,
            base_url=self.base_url,
            now=now,
        )

    def _note(self, claimed: Claim, error: NotSent) -> bool:
        said = str(error)
        if error.is_permanent:  # That is the address' fault, or the mail's, and not the server's.
            self._give_up(claimed, said, error.reason)
            return True
        self.failed += 1
        self.trouble = "unreachable" if error.is_servers else "refusing"
        self.reason = error.reason
        log.warning("not_sent", excursion=claimed.excursion_id, mail=claimed.id,
                    attempts=claimed.attempts, server=self.trouble, reason=self.reason)  # fmt: skip
        with self.database.begin() as session:
            put_back(session, claimed, said, self.clock())
        if error.is_servers:
            self._rests_until = self.clock() + _SERVER_REST
        return not error.is_servers

    def _give_up(self, claimed: Claim, said: str, code: str = "") -> None:
        if said == WITHDRAWN:
            log.info("not_owed_any_more", excursion=claimed.excursion_id, mail=claimed.id)
        else:
            self.failed += 1
            log.error("given_up", excursion=claimed.excursion_id, mail=claimed.id,
                      reason=code or said)  # fmt: skip
        with self.database.begin() as session:
            give_up(session, claimed, said, self.clock())

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
