"""One run: a broker, a database and an ingester of its own, and so many messages."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.servers.program import free_port, wait_until
from tests.system.fuzz.account import Account, Kept, settle
from tests.system.fuzz.messages import messages
from tests.system.fuzz.publisher import Figures, figures_of, publish, settled
from tests.system.installation import Installation


@dataclass
class Result:
    """The account of a run, what it rests on, and how long it took."""

    account: Account
    kept: Kept
    figures: Figures
    seconds: float


def run_fuzz(
    installation: Installation,
    seed: int,
    number: int,
    tell: Callable[[int], None] = lambda sent: None,
) -> Result:
    """Send the messages through the line and count what became of each.

    Raises AssertionError when the ingester ended.
    """
    metrics = f"127.0.0.1:{free_port()}"
    installation.environ["TRACEAPP_METRICS_BIND"] = metrics
    ingester = installation.start_ingester()
    url = f"http://{metrics}/metrics"
    ingester.wait_until(lambda: _is_connected(url), "it listens to the broker", 90)
    began = time.monotonic()

    def look() -> int:
        assert ingester.exit_status is None, ingester.output[-4_000:]
        return settled(figures_of(url))

    publish(installation.broker.url, messages(seed, number), look, tell)
    seconds = time.monotonic() - began
    wait_until(lambda: look() >= number, "the last message is settled")
    figures = figures_of(url)
    is_sqlite = installation.database_url.startswith("sqlite")
    kept = Kept.read(installation.rows, is_sqlite=is_sqlite)
    account = settle(messages(seed, number), kept, figures)
    assert ingester.exit_status is None, ingester.output[-4_000:]
    return Result(account, kept, figures, seconds)


def _is_connected(metrics_url: str) -> bool:
    try:
        return figures_of(metrics_url).get("ingest_broker_connected") == 1
    except OSError:
        return False
