"""Twenty-five kills of everything, an ingester standing by, and nothing acknowledged is lost."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.chaos.plan import Plan
from tests.chaos.post import SlowMailbox
from tests.chaos.run import Run
from tests.servers.fixtures import reachable_folder


@pytest.fixture
def folder() -> Generator[Path, None, None]:
    """A folder of the run's own that every part of it can reach."""
    made = Path(tempfile.mkdtemp(prefix="chaos-", dir=reachable_folder()))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.mark.timeout(1800)
def test_twenty_five_kills_lose_double_miss_and_invent_nothing(
    folder: Path,
) -> None:
    said: list[str] = []
    plan = Plan(
        kills=25,
        pace_s=0.7,
        publishers=2,
        gateways=1,
        readings=100,
        ingesters=2,
        is_hurried=True,
        patience_s=480,
    )
    with SlowMailbox(plan.seed) as mailbox:
        outcome = Run(plan, folder, mailbox, said.append).go()
    assert sum(outcome.kills.values()) == 25
    assert outcome.verdict.figures["readings stored"] > 0
    assert outcome.verdict.figures["excursions found"] > 0
    assert outcome.verdict.is_clean, (outcome.verdict.faults, said)
