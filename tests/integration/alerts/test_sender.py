"""The alert sender with a real mail server, on SQLite and on PostgreSQL."""

from __future__ import annotations

import socket
from collections import Counter
from email.message import EmailMessage

import pytest
from sqlalchemy import update

from config.addresses import MailServerAddress
from tests.integration.alerts.conftest import (
    NOW,
    Clock,
    Senders,
    rows,
)
from tests.servers.mailbox import Mailbox
from traceapp.alerts.sender import Sender
from traceapp.alerts.smtp import MailServer, NotSent
from traceapp.db import Database
from traceapp.models.excursion import Excursion
from traceapp.models.heartbeat import Heartbeat
from traceapp.models.outbox import EXCURSION, Outbox
from traceapp.trace.overview import overview
from traceapp.trace.scope import Scope


def test_every_owed_e_mail_leaves_once(sender: Sender, mailbox: Mailbox) -> None:
    owed = rows(sender.database)
    assert sender.turn() == len(owed) > 0
    assert sender.turn() == 0
    recipients = Counter(mail.recipients for mail in mailbox.mails)
    assert recipients == Counter((row.email,) for row in owed)
    assert all(row.sent_at == NOW for row in rows(sender.database))
    assert "/excursions/" in mailbox.mails[0].text
    assert "1号" in mailbox.mails[0].text


def test_a_server_that_is_busy_gets_the_e_mail_later(
    sender: Sender, mailbox: Mailbox, clock: Clock
) -> None:
    mailbox.refuse("451 4.3.0 Try again later")
    assert sender.turn() == 0
    assert {row.last_error for row in rows(sender.database)} == {"451 4.3.0 Try again later"}
    mailbox.refuse(None)
    assert sender.turn() == 0
    clock.move(seconds=15)
    assert sender.turn() == len(rows(sender.database)) == len(mailbox.mails)


def trouble(database: Database) -> tuple[str | None, str | None]:
    with database.read() as session:
        detail = session.get_one(Heartbeat, "alerts").detail
    return detail["trouble"], detail["reason"]


def test_a_server_that_refuses_is_said_to_until_it_takes_an_e_mail(
    sender: Sender, mailbox: Mailbox, clock: Clock
) -> None:
    mailbox.refuse("451 4.3.0 Try again later, duty@cdc.example")
    for _ in range(2):
        sender.turn()
        clock.move(seconds=15)
    assert trouble(sender.database) == ("refusing", "451")
    mailbox.refuse(None)
    sender.turn()
    for _ in range(2):
        clock.move(minutes=1)
        sender.turn()
    assert trouble(sender.database) == (None, None)
    assert len(mailbox.mails) == len(rows(sender.database))


def test_a_permanent_refusal_is_given_up_and_stays_visible(
    sender: Sender, mailbox: Mailbox, clock: Clock
) -> None:
    mailbox.refuse("550 5.1.1 No such user")
    sender.turn()
    clock.move(days=1)
    attempts = mailbox.attempts
    assert sender.turn() == 0
    assert mailbox.attempts == attempts == len(rows(sender.database))
    assert {row.last_error for row in rows(sender.database)} == {"550 5.1.1 No such user"}
    assert all(row.given_up_at == NOW for row in rows(sender.database))


def test_a_server_that_is_away_is_asked_once_and_then_left_to_rest(
    database: Database, senders: Senders, clock: Clock
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = MailServerAddress("127.0.0.1", nobody.getsockname()[1])
        sender = senders(MailServer(address, timeout_s=1))
        sender.turn()
        sender.turn()
        clock.move(seconds=6)
        sender.turn()
    assert trouble(database) == ("unreachable", "ConnectionRefusedError")
    errors = [row.last_error for row in rows(database)]
    assert len([error for error in errors if error]) == 1
    assert not any(row.given_up_at for row in rows(database))


def test_a_server_that_never_answers_is_not_waited_for_long(
    database: Database, senders: Senders
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = MailServerAddress("127.0.0.1", silent.getsockname()[1])
        senders(MailServer(address, timeout_s=0.2)).turn()
    [said] = [row.last_error for row in rows(database) if row.last_error]
    assert "timed out" in said


def test_an_episode_that_was_taken_back_owes_nothing(sender: Sender, mailbox: Mailbox) -> None:
    with sender.database.begin() as session:
        session.execute(update(Excursion).values(state="withdrawn"))
    assert sender.turn() == 0
    assert mailbox.mails == []
    assert {row.last_error for row in rows(sender.database)} == {"withdrawn"}
    with sender.database.read() as session:
        assert overview(session, Scope(), NOW)["outbox"] == {"waiting": 0, "sent": 0, "failed": 0}


def test_an_address_that_is_none_does_not_hold_up_the_others(
    sender: Sender, mailbox: Mailbox
) -> None:
    first, *others = rows(sender.database)
    with sender.database.begin() as session:
        bad = "a@b\r\nBcc: c@d"
        session.execute(update(Outbox).where(Outbox.id == first.id).values(email=bad))
    assert sender.turn() == len(others) == len(mailbox.mails)
    assert rows(sender.database)[0].given_up_at == NOW


def test_a_mistake_about_what_is_to_be_owed_holds_up_nothing_that_is(
    sender: Sender, mailbox: Mailbox
) -> None:
    sender.owe_what_is_due = lambda _database, _now: 1 // 0
    assert sender.turn() == len(rows(sender.database)) == len(mailbox.mails)
    assert sender.failed == 1


def test_an_e_mail_of_a_kind_that_only_a_newer_version_knows_waits_for_it(
    sender: Sender, mailbox: Mailbox, clock: Clock
) -> None:
    first, *others = rows(sender.database)
    with sender.database.begin() as session:
        session.execute(update(Outbox).where(Outbox.id == first.id).values(kind="newer"))
    assert sender.turn() == len(others) == len(mailbox.mails)
    [kept] = [row for row in rows(sender.database) if row.id == first.id]
    assert (kept.given_up_at, kept.sent_at) == (None, None)
    with sender.database.begin() as session:
        session.execute(update(Outbox).where(Outbox.id == first.id).values(kind=EXCURSION))
    clock.move(seconds=15)
    assert sender.turn() == 1


def test_without_a_server_e_mails_stay_and_the_heartbeat_says_so(
    database: Database, senders: Senders
) -> None:
    assert senders(None).turn() == 0
    assert not any(row.attempts for row in rows(database))
    with database.read() as session:
        detail = session.get_one(Heartbeat, "alerts").detail
    assert detail["has_server"] is False
    assert detail["waiting"] == len(rows(database))


def test_a_password_is_never_said_to_a_server_without_tls(
    mailbox: Mailbox, sqlite_url: str
) -> None:
    address = MailServerAddress("127.0.0.1", mailbox.port, "user", "password")
    message = EmailMessage()
    message["To"] = "a@example.org"
    with MailServer(address) as server, pytest.raises(NotSent, match="STARTTLS") as refused:
        server.send(message, "b@example.org", "a@example.org")
    assert refused.value.is_servers
    assert mailbox.attempts == 0
