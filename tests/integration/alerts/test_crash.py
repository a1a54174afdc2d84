"""Whoever dies between the server's answer and the mark repeats an e-mail and forgets none."""

from __future__ import annotations

import threading
from collections import Counter
from email.message import EmailMessage
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from tests.integration.alerts.conftest import Clock, Senders, owe, rows, server_of
from tests.servers.mailbox import Mailbox
from traceapp.alerts.outbox import LEASE
from traceapp.alerts.sender import MOST_AT_ONCE, Sender
from traceapp.alerts.smtp import MailServer
from traceapp.db import Database


class Killed(BaseException):
    """What kill -9 is to a process."""


class DyingMailer:
    """Dies when the server has said 250 and before anybody wrote that down."""

    def __init__(self, server: MailServer, lives: int = 0) -> None:
        """Live through so many e-mails first."""
        self._server, self._lives = server, lives

    def send(self, message: EmailMessage, sender: str, recipient: str) -> None:
        self._server.send(message, sender, recipient)
        self._lives -= 1
        if self._lives < 0:
            raise Killed

    def hang_up(self) -> None:
        self._server.hang_up()

    def hang_up_idle(self) -> None:
        self._server.hang_up_idle()


def message_ids(mailbox: Mailbox) -> Counter[str]:
    return Counter(mail.message["Message-ID"] for mail in mailbox.mails)


def test_a_kill_between_the_servers_answer_and_our_mark_repeats_the_same_e_mail(
    database: Database, mailbox: Mailbox, senders: Senders, clock: Clock
) -> None:
    with pytest.raises(Killed):
        senders(DyingMailer(server_of(mailbox))).turn()
    [once] = mailbox.mails
    clock.move(seconds=LEASE.total_seconds())
    assert senders(server_of(mailbox)).turn() == len(rows(database))
    assert message_ids(mailbox)[once.message["Message-ID"]] == 2
    assert len(mailbox.mails) == len(rows(database)) + 1


def test_a_kill_repeats_at_most_what_was_in_hand_at_once(
    database: Database, mailbox: Mailbox, senders: Senders, clock: Clock
) -> None:
    owe(database, [f"{number}@example.org" for number in range(20)])
    dying = senders(DyingMailer(server_of(mailbox), lives=5))
    with pytest.raises(Killed):
        dying.turn()
    dying.close()
    clock.move(seconds=LEASE.total_seconds())
    senders(server_of(mailbox)).turn()
    times = message_ids(mailbox)
    assert len(times) == len(rows(database))
    assert max(times.values()) == 2
    assert 1 <= len(mailbox.mails) - len(times) <= MOST_AT_ONCE
    assert all(row.sent_at for row in rows(database))


def test_what_a_dead_sender_had_in_hand_waits_until_its_lease_is_over(
    database: Database, mailbox: Mailbox, senders: Senders, clock: Clock
) -> None:
    with pytest.raises(Killed):
        senders(DyingMailer(server_of(mailbox))).turn()
    other = senders(server_of(mailbox))
    clock.move(seconds=LEASE.total_seconds() - 1)
    assert other.turn() == len(rows(database)) - 1
    assert set(message_ids(mailbox).values()) == {1}
    clock.move(seconds=1)
    assert other.turn() == 1


def test_a_database_that_is_away_when_the_server_has_answered_makes_us_repeat_nothing(
    sender: Sender, mailbox: Mailbox
) -> None:
    left = [OperationalError("", {}, Exception("connection lost"))] * 2

    @event.listens_for(sender.database.engine, "before_cursor_execute")
    def _fail(*heard: Any) -> None:
        if left and "UPDATE outbox SET claimed_until" in heard[2] and "sent_at" in heard[2]:
            raise left.pop()

    for _ in range(2):
        with pytest.raises(OperationalError):
            sender.turn()
    sender.turn()
    assert left == []
    assert set(message_ids(mailbox).values()) == {1}
    assert all(row.sent_at for row in rows(sender.database))


def test_a_database_that_goes_away_after_the_claim_makes_us_forget_nothing(
    sender: Sender, mailbox: Mailbox
) -> None:
    left = [OperationalError("", {}, Exception("connection lost"))] * 2

    @event.listens_for(sender.database.engine, "before_cursor_execute")
    def _fail(*heard: Any) -> None:
        if left and "FROM excursion" in heard[2]:
            raise left.pop()

    for _ in range(2):
        with pytest.raises(OperationalError):
            sender.turn()
    assert sender.turn() == len(rows(sender.database)) == len(mailbox.mails)


def test_two_senders_at_work_at_once_send_each_e_mail_once(
    database: Database, mailbox: Mailbox, senders: Senders
) -> None:
    owe(database, [f"{number}@example.org" for number in range(20)])
    both = [senders(server_of(mailbox)) for _ in range(2)]
    workers = [threading.Thread(target=sender.turn) for sender in both]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(message_ids(mailbox).values()) == len(rows(database))
    assert set(message_ids(mailbox).values()) == {1}
