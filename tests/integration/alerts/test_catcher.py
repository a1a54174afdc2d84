"""The mail catcher of the demo."""

from __future__ import annotations

import smtplib
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from tests.servers.fixtures import RunProcess
from tests.servers.program import free_port, wait_until


def send(port: int, subject: str) -> None:
    message = EmailMessage()
    message["Subject"] = subject
    message.set_content("1号冰箱")
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        client.send_message(message, "a@example.org", ["b@example.org"])


def test_each_mail_becomes_a_file_and_numbers_go_on_after_a_restart(
    run_process: RunProcess, tmp_path: Path
) -> None:
    port, folder = free_port(), tmp_path / "mail"
    arguments = ["-m", "traceapp.alerts.catcher", "--port", str(port), "--folder", str(folder)]
    catcher = run_process(arguments, {}, ready="catching mail")
    send(port, "温度超标")
    send(port, "第二封")
    assert catcher.stop() == 0
    run_process(arguments, {}, ready="catching mail")
    send(port, "第三封")
    wait_until((folder / "0003.eml").exists, "the third mail")
    files = sorted(path.name for path in folder.iterdir())
    assert files == ["0001.eml", "0002.eml", "0003.eml"]
    read = message_from_bytes((folder / "0001.eml").read_bytes(), policy=policy.default)
    assert read["Subject"] == "温度超标"
