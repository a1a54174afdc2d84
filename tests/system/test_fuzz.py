"""Every way in which a message can be bad: each one is stored, or kept with its reason."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.servers.fixtures import RunProcess
from tests.servers.mailbox import Mailbox
from tests.servers.mosquitto import Mosquitto
from tests.system.fuzz.account import Kept, settle
from tests.system.fuzz.messages import messages
from tests.system.fuzz.run import run_fuzz
from tests.system.installation import Installation

SEED, MESSAGES = 2021, 5_000


@pytest.fixture
def broker(tmp_path: Path) -> Generator[Mosquitto, None, None]:
    """A Mosquitto that keeps nothing on disk: nobody is killed here."""
    made = Mosquitto(tmp_path, is_persistent=False)
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_each_generated_message_is_stored_or_kept_with_its_reason(
    request: pytest.FixtureRequest,
    kind: str,
    run_process: RunProcess,
    tmp_path: Path,
    broker: Mosquitto,
    mailbox: Mailbox,
) -> None:
    url, token = request.getfixturevalue(f"prepared_{kind}")
    installation = Installation(run_process, tmp_path, url, token, broker, mailbox)
    result = run_fuzz(installation, SEED, MESSAGES)
    assert result.account.differences == []
    assert result.account.lost == []
    assert result.account.sent == MESSAGES
    assert len(result.kept.readings) > 1_000
    assert len(result.kept.movements) > 30
    reasons = {"not_json", "invalid", "unknown_field", "unknown_topic", "invalid_topic"}
    assert reasons <= result.kept.reasons.keys()


def test_the_account_finds_a_message_that_nobody_kept() -> None:
    account = settle(messages(SEED, 100), Kept(), {})
    good = sum(message.payload == b"online" for message in messages(SEED, 100))
    assert (account.sent, len(account.lost)) == (100, 100 - good)
