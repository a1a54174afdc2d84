"""`traceapp bench`: the benchmarks of docs/performance.md."""

from __future__ import annotations

import os
import platform
from statistics import median

import click

from traceapp.bench.ingest import Figure, Load, measure_ours, measure_peer
from traceapp.bench.setup import measure_setup
from traceapp.bench.stream import CASES
from traceapp.bench.trace import count_facts, measure_traces
from traceapp.db import open_database


@click.group()
def bench() -> None:
    """Measure this machine; nothing outside a temporary folder is touched."""


@bench.command()
@click.option(
    "--messages",
    type=click.IntRange(100, 10_000_000),
    default=100_000,
    show_default=True,
    help="QoS-1 messages to publish.",
)
@click.option("--sensors", type=click.IntRange(1, 1_000_000), default=200, show_default=True)
@click.option("--items", type=click.IntRange(1, 1_000), default=1, show_default=True,
              help="Readings in each message.")  # fmt: skip
@click.option("--case", type=click.Choice(CASES), default="clean", show_default=True,
              help="10 % garbage, 5 % late, or 1 % of the sensors too warm.")  # fmt: skip
@click.option("--times", type=click.IntRange(1, 100), default=1, show_default=True,
              help="Measure so often, ours and the peer in turn, and show medians.")  # fmt: skip
@click.option("--into", type=click.Choice(["postgresql", "sqlite", "both"]), default="both",
              show_default=True)  # fmt: skip
def ingest(messages: int, sensors: int, items: int, case: str, times: int, into: str) -> None:
    """Messages a second from Mosquitto into the record, beside `mosquitto_sub | psql COPY`.

    Ours validates, stores once, judges, and acknowledges after the commit. The peer copies
    bytes and acknowledges before it has stored them.
    """
    load = Load(messages, sensors, items, case)
    _machine()
    click.echo(f"{messages} messages of {items} readings by {sensors} sensors, {case}")
    kinds = ("postgresql", "sqlite") if into == "both" else (into,)
    figures: dict[str, list[float]] = {}
    for _ in range(times):
        for figure in (measure_peer(load), *(measure_ours(load, kind) for kind in kinds)):
            _show(figure)
            figures.setdefault(figure.name, []).append(figure.per_second)
    peer, *ours = (median(rates) for rates in figures.values())
    for kind, rate in zip(kinds, ours, strict=True):
        click.echo(
            f"{kind}: median {rate:,.0f} messages/s, {rate * items:,.0f} readings/s, "
            f"{rate / peer:.2f} of the peer"
        )


@bench.command()
@click.option("--database", default="sqlite:///var/demo/traceapp.db", show_default=True,
              help="The demo's data, or any other's.")  # fmt: skip
@click.option("--times", type=click.IntRange(1, 1_000_000), default=500, show_default=True)
def trace(database: str, times: int) -> None:
    """How long a trace takes: a dose backwards, a lot forwards, an excursion's impact."""
    _machine()
    opened = open_database(database)
    facts = ", ".join(f"{count} {name}" for name, count in count_facts(opened).items())
    click.echo(facts)
    for latency in measure_traces(opened, times):
        click.echo(
            f"{latency.question:<24} p50 {latency.p50_ms:8.1f} ms   "
            f"p99 {latency.p99_ms:8.1f} ms   ({latency.asked} times)"
        )
    opened.close()


@bench.command()
def setup() -> None:
    """Seconds from a fresh clone to the first page of the demo."""
    _machine()
    measured = measure_setup()
    click.echo(f"make setup               {measured.setup_s:8.1f} s")
    click.echo(f"make demo, first page    {measured.first_page_s:8.1f} s")
    click.echo(f"together                 {measured.setup_s + measured.first_page_s:8.1f} s")


def _show(figure: Figure) -> None:
    click.echo(f"{figure.name:<28}{figure.per_second:>10,.0f} messages/s   {figure.detail}")


def _machine() -> None:
    """What the figures were measured on; how busy it was decides what they are worth."""
    busy = os.getloadavg()[0]
    click.echo(
        f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()} "
        f"{platform.release()}, Python {platform.python_version()}, load {busy:.1f}"
    )
