"""An excursion that owes e-mails, senders, and a clock that a test moves."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from config.addresses import MailServerAddress
from schemas.reading import Reading
from tests.integration.api.scene import play
from tests.integration.country import REGISTRY, load_registry
from tests.integration.door import Door
from tests.servers.mailbox import Mail, Mailbox
from traceapp.alerts.attempt import Letterhead, Mailer
from traceapp.alerts.recall import owe_recalls
from traceapp.alerts.sender import Sender
from traceapp.alerts.smtp import MailServer
from traceapp.capture.outbox import Owed
from traceapp.capture.outbox import owe as owe_e_mail
from traceapp.capture.reading import ReadingMessage, record_readings
from traceapp.capture.recall_alert import Rhythm
from traceapp.db import Database, open_database
from traceapp.models.excursion import Excursion
from traceapp.models.outbox import EXCURSION, Outbox
from traceapp.models.site import Site

HEAD = Letterhead("coldchain@example.org", "http://127.0.0.1:8000")
#: Makes a sender with a mailer of its own, and ends it after the test.
Senders = Callable[[Mailer | None], Sender]
NOW = datetime(2021, 6, 1, tzinfo=UTC)


class Clock:
    """A clock that moves when a test says so."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(database_url: str) -> Generator[Database, None, None]:
    """A refrigerator that is too warm: a notice for one contact, an alarm for both."""
    opened = open_database(database_url)
    load_registry(opened, REGISTRY)
    warm = [Reading(NOW + timedelta(minutes=m - 30), 9.5) for m in (0, 10, 20)]
    with opened.begin() as session:
        record_readings(session, [ReadingMessage("S1", warm)], NOW)
    yield opened
    opened.close()


@pytest.fixture
def senders(database: Database, clock: Clock) -> Generator[Senders, None, None]:
    made: list[Sender] = []

    def make(mailer: Mailer | None) -> Sender:
        made.append(Sender(database, mailer, HEAD, clock))
        return made[-1]

    yield make
    for sender in made:
        sender.close()


@pytest.fixture
def sender(senders: Senders, mailbox: Mailbox) -> Sender:
    return senders(server_of(mailbox))


def server_of(mailbox: Mailbox, timeout_s: float = 60) -> MailServer:
    return MailServer(MailServerAddress.of(mailbox.url), timeout_s=timeout_s)


def rows(database: Database) -> list[Outbox]:
    with database.read() as session:
        return list(session.scalars(select(Outbox).order_by(Outbox.id)))


def row_of(database: Database, email: str) -> Outbox:
    [row] = [row for row in rows(database) if row.email == email]
    return row


def owe(database: Database, emails: Iterable[str], due_at: datetime = NOW) -> None:
    """Owe an e-mail about an excursion to each of these too."""
    with database.begin() as session:
        excursion_id = session.scalars(select(Excursion.id).order_by(Excursion.id)).first()
        site_id = session.scalars(select(Site.id).where(Site.code == "CLINIC")).one()
        for email in emails:
            owed = Owed(EXCURSION, excursion_id or 0, email, "en")
            assert owe_e_mail(session, owed, [site_id], due_at)


#: Looks into the outbox; returns what left about recalls.
Turn = Callable[[], list[Mail]]
_NEIGHBOUR: list[dict[str, Any]] = [
    {"kind": "site", "code": "NEXT", "name": "邻县", "type": "clinic", "division": "451482"},
    {"kind": "unit", "code": "NEXT-1", "site": "NEXT", "name": "冰箱", "type": "refrigerator"},
    {"kind": "contact", "email": "next@cdc.example", "division": "451482", "level": "alarm"},
]


@pytest.fixture
def admin(door: Door) -> FlaskClient:
    client = play(door)
    load_registry(door.database, _NEIGHBOUR)
    return client


@pytest.fixture
def turn(door: Door, mailbox: Mailbox) -> Generator[Turn, None, None]:
    """Look into the outbox, as a sender that was just started; returns what left about recalls."""
    made: list[Sender] = []

    def look() -> list[Mail]:
        before = len(mailbox.mails)
        owe = partial(owe_recalls, Rhythm())
        made.append(Sender(door.database, server_of(mailbox), HEAD, door.clock, owe))
        made[-1].turn()
        return [mail for mail in mailbox.mails[before:] if "/recalls/" in mail.text]

    yield look
    for sender in made:
        sender.close()
