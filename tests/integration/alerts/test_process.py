"""`traceapp alerts` as a process, with a real mail server."""

from __future__ import annotations

from sqlalchemy import func, select

from tests.servers.fixtures import RunProcess
from tests.servers.mailbox import Mailbox
from tests.servers.program import wait_until
from traceapp.db import Database
from traceapp.models.outbox import Outbox

ALERTS = ["-c", "from traceapp.cli import main; main()", "alerts"]


def given_up(database: Database) -> int:
    query = select(func.count()).select_from(Outbox).where(Outbox.given_up_at.is_not(None))
    with database.read() as session:
        return session.scalar(query) or 0


def owed(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(Outbox)) or 0


def test_it_sends_what_is_owed_and_ends_when_asked(
    run_process: RunProcess, database: Database, database_url: str, mailbox: Mailbox
) -> None:
    environ = {
        "TRACEAPP_DATABASE_URL": database_url,
        "TRACEAPP_SMTP_URL": mailbox.url,
        "TRACEAPP_MAIL_FROM": "coldchain@example.org",
    }
    process = run_process(ALERTS, environ)
    assert len(mailbox.wait_for(owed(database))) == owed(database) > 0
    assert process.stop() == 0
    assert "@" not in process.output


def test_without_a_mail_server_it_says_that_e_mails_stay(
    run_process: RunProcess, database: Database, database_url: str
) -> None:
    process = run_process(
        ALERTS, {"TRACEAPP_DATABASE_URL": database_url}, ready="stay in the outbox"
    )
    assert process.stop() == 0


def test_what_was_refused_for_good_is_sent_when_somebody_asks_for_it(
    run_process: RunProcess, database: Database, database_url: str, mailbox: Mailbox
) -> None:
    environ = {
        "TRACEAPP_DATABASE_URL": database_url,
        "TRACEAPP_SMTP_URL": mailbox.url,
        "TRACEAPP_MAIL_FROM": "coldchain@example.org",
    }
    mailbox.refuse("554 5.7.1 Relay access denied")
    process = run_process(ALERTS, environ)
    wait_until(lambda: given_up(database) == owed(database), "all are given up", 60)
    assert process.stop() == 0
    assert '"reason": "554"' in process.output
    mailbox.refuse(None)
    process = run_process([*ALERTS, "--again"], environ)
    assert len(mailbox.wait_for(owed(database), 60)) == owed(database)
    assert process.stop() == 0
    assert given_up(database) == 0
