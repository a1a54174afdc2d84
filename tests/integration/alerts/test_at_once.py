"""No e-mail holds up the others: not a slow one, not a refused one, not one that is our mistake."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import update

from tests.integration.alerts.conftest import (
    NOW,
    Clock,
    Senders,
    owe,
    row_of,
    rows,
    server_of,
)
from tests.servers.mailbox import Mailbox
from tests.servers.program import wait_until
from traceapp.alerts.outbox import LEASE
from traceapp.alerts.sender import MOST_AT_ONCE, Sender
from traceapp.db import Database
from traceapp.models.excursion import Excursion
from traceapp.models.outbox import Outbox

SLOW = "slow@example.org"


@contextmanager
def at_work(sender: Sender, mailbox: Mailbox) -> Generator[None, None, None]:
    """Let a sender turn meanwhile; at the end the server answers about every e-mail."""
    worker = threading.Thread(target=sender.turn)
    worker.start()
    try:
        yield
    finally:
        mailbox.release()
        worker.join()


def recipients(mailbox: Mailbox) -> list[str]:
    return [mail.recipients[0] for mail in mailbox.mails]


def test_an_e_mail_that_the_server_thinks_about_does_not_hold_up_the_others(
    sender: Sender, mailbox: Mailbox
) -> None:
    sender.turn()
    others = [f"{number}@example.org" for number in range(5)]
    owe(sender.database, [SLOW, *others])
    mailbox.hold(SLOW)
    before = len(mailbox.mails)
    with at_work(sender, mailbox):
        mailbox.wait_for(before + len(others), 60)
        assert sorted(recipients(mailbox)[before:]) == others
        wait_until(
            lambda: all(row_of(sender.database, one).sent_at for one in others), "are marked", 60
        )
        assert row_of(sender.database, SLOW).sent_at is None
    assert recipients(mailbox)[-1] == SLOW
    assert row_of(sender.database, SLOW).sent_at == NOW


def test_those_that_had_trouble_before_leave_a_conversation_for_the_new_ones(
    sender: Sender, mailbox: Mailbox
) -> None:
    sender.turn()
    slow = [f"slow{number}@example.org" for number in range(MOST_AT_ONCE + 2)]
    owe(sender.database, slow)
    with sender.database.begin() as session:
        session.execute(update(Outbox).where(Outbox.email.in_(slow)).values(attempts=1))
    mailbox.hold(*slow)
    before, attempts = len(mailbox.mails), mailbox.attempts
    with at_work(sender, mailbox):
        wait_until(lambda: mailbox.attempts == attempts + MOST_AT_ONCE - 1, "they are tried", 60)
        owe(sender.database, ["new@example.org"])
        mailbox.wait_for(before + 1, 60)
        assert recipients(mailbox)[before:] == ["new@example.org"]
    assert sorted(recipients(mailbox)[before + 1 :]) == slow


def test_a_lease_is_renewed_while_the_server_thinks_and_no_other_sender_takes_the_e_mail(
    sender: Sender, senders: Senders, mailbox: Mailbox, clock: Clock
) -> None:
    sender.turn()
    owe(sender.database, [SLOW])
    mailbox.hold(SLOW)
    attempts = mailbox.attempts
    with at_work(sender, mailbox):
        wait_until(lambda: mailbox.attempts == attempts + 1, "it is tried", 60)
        for _ in range(4):
            clock.move(seconds=LEASE.total_seconds() * 0.6)
            wait_until(lambda: until(sender.database) == clock.now + LEASE, "it is renewed", 60)
            assert senders(server_of(mailbox)).turn() == 0
    assert recipients(mailbox).count(SLOW) == 1
    assert row_of(sender.database, SLOW).attempts == 1


def until(database: Database) -> datetime | None:
    return row_of(database, SLOW).claimed_until


def test_a_recipient_whom_the_server_does_not_know_costs_nobody_else_anything(
    sender: Sender, mailbox: Mailbox
) -> None:
    unknown = "unknown@example.org"
    owe(sender.database, [unknown, "known@example.org"])
    mailbox.refuse_recipient(unknown)
    assert sender.turn() == len(rows(sender.database)) - 1 == len(mailbox.mails)
    row = row_of(sender.database, unknown)
    assert (row.given_up_at, row.last_error) == (NOW, "550 5.1.1 No such user")


def test_a_mistake_of_ours_about_one_excursion_is_tried_again_and_holds_up_no_other(
    sender: Sender, mailbox: Mailbox, clock: Clock
) -> None:
    first = rows(sender.database)[0].about_id
    mine = [row for row in rows(sender.database) if row.about_id == first]
    end_of_days = datetime.max.replace(tzinfo=UTC)  # No clock in China ever shows it.
    alter(sender.database, first, end_of_days)
    others = len(rows(sender.database)) - len(mine)
    assert sender.turn() == others == len(mailbox.mails)
    assert {row.last_error is None for row in rows(sender.database)} == {True, False}
    assert not any(row.given_up_at for row in rows(sender.database))
    alter(sender.database, first, NOW - timedelta(hours=1))
    clock.move(seconds=15)
    assert sender.turn() == len(mine)


def alter(database: Database, excursion_id: int, started_at: datetime) -> None:
    with database.begin() as session:
        session.execute(
            update(Excursion).where(Excursion.id == excursion_id).values(started_at=started_at)
        )
