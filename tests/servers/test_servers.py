"""Each server, asked to do once what the other tests rely on."""

from __future__ import annotations

import signal
import smtplib
from email.message import EmailMessage
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import inspect

from tests.servers.fixtures import RunProcess
from tests.servers.mailbox import Mailbox
from tests.servers.mosquitto import Mosquitto
from tests.servers.postgresql import PostgreSQL
from tests.servers.program import wait_until
from traceapp.db import open_database


def test_a_message_goes_through_mosquitto_and_outlives_its_restart(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    mosquitto.publish("a/b", "kept", "-r")
    mosquitto.stop()
    mosquitto.start()
    listener = mosquitto.listen("a/#", tmp_path / "heard")
    listener.wait_for_output("a/b kept")
    mosquitto.publish_lines("a/c", ["one", "two"])
    listener.wait_for_output("a/c two")


def test_postgresql_is_one_that_we_promise_to_work_with(postgresql_url: str) -> None:
    with psycopg.connect(postgresql_url.replace("+psycopg", "")) as connection:
        [(version,)] = connection.execute("SHOW server_version_num").fetchall()
    assert int(version) >= 150000


def test_a_killed_postgresql_starts_again_with_all_that_was_committed(
    own_postgresql: PostgreSQL,
) -> None:
    url = own_postgresql.url(own_postgresql.create_database()).replace("+psycopg", "")
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept (id int)")
    own_postgresql.kill()
    own_postgresql.start()
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchall() == [(0,)]


def test_every_database_begins_with_our_tables(database_url: str) -> None:
    database = open_database(database_url)
    assert "reading" in inspect(database.engine).get_table_names()
    database.close()


def test_an_empty_database_has_no_tables(empty_database_url: str) -> None:
    database = open_database(empty_database_url)
    assert inspect(database.engine).get_table_names() == []
    database.close()


def test_the_mailbox_remembers_mails_and_refuses_when_told(mailbox: Mailbox) -> None:
    message = EmailMessage()
    message["Subject"] = "温度超标"
    message.set_content("1号冰箱")
    with smtplib.SMTP("127.0.0.1", mailbox.port) as client:
        client.send_message(message, "a@example.org", ["b@example.org"])
        mailbox.refuse()
        with pytest.raises(smtplib.SMTPDataError, match="Try again later"):
            client.send_message(message, "a@example.org", ["b@example.org"])
    [mail] = mailbox.wait_for(1)
    assert (mail.sender, mail.recipients) == ("a@example.org", ("b@example.org",))
    assert mail.message["Subject"] == "温度超标"
    assert mail.text.strip() == "1号冰箱"


def test_a_process_is_started_with_an_environment_and_ended_both_ways(
    run_process: RunProcess,
) -> None:
    code = (
        "import os, time; print('ready', os.environ['TRACEAPP_BIND'], flush=True); time.sleep(60)"
    )
    environ = {"TRACEAPP_BIND": "127.0.0.1:1"}
    asked = run_process(["-c", code], environ, ready="ready 127.0.0.1:1")
    assert asked.stop() == -signal.SIGTERM
    killed = run_process(["-c", code], environ, ready="ready")
    killed.kill()
    assert killed.exit_status == -signal.SIGKILL


def test_a_process_that_ends_before_it_is_ready_fails_with_what_it_said(
    run_process: RunProcess,
) -> None:
    with pytest.raises(AssertionError, match=r"ended with 3 before .*\n.*no such broker"):
        run_process(["-c", "print('no such broker'); raise SystemExit(3)"], {}, ready="ready")


def test_a_server_ends_when_the_tests_are_killed(run_process: RunProcess) -> None:
    code = (
        "import time; from pathlib import Path; from tests.servers.program import Program; "
        "program = Program(['sleep', '60'], log=Path('sleep.log')); "
        "print('started', program.pid, flush=True); time.sleep(60)"
    )
    tests = run_process(["-c", code], {}, ready="started")
    tests.wait_until(lambda: tests.output.endswith("\n"), "it says which")
    child = Path("/proc", tests.output.split()[-1])
    assert child.exists()
    tests.kill()
    wait_until(lambda: has_ended(child), "the server ended too", 60)


def has_ended(child: Path) -> bool:
    """Say whether a process is gone, or waits only for its parent to notice."""
    status = child / "stat"
    return not status.exists() or status.read_text().rsplit(")", 1)[1].split()[0] == "Z"
