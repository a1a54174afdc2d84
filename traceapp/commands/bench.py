"""`traceapp bench`: the benchmarks of docs/performance.md."""

from __future__ import annotations

import os
import platform
import signal
import sys
from statistics import median
from types import FrameType

import click

from traceapp.bench.alert import measure_alerts
from traceapp.bench.campaign import large_lot
from traceapp.bench.ingest import Figure, Load, measure_ours, measure_peer
from traceapp.bench.ledger import ask_all, new_world
from traceapp.bench.memory import measure_memory
from traceapp.bench.province import Plan
from traceapp.bench.recipient import measure_table
from traceapp.bench.recording import PEAK_DAY, measure_recording
from traceapp.bench.series import measure_series
from traceapp.bench.setup import measure_setup
from traceapp.bench.storage import BATCH, measure_storage
from traceapp.bench.stream import CASES
from traceapp.bench.trace import Latency, count_facts, measure_traces, percentile
from traceapp.db import open_database


@click.group()
def bench() -> None:
    """Measure this machine; nothing outside a temporary folder is touched."""
    # Whoever ends a benchmark ends the servers that it started, too.
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


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
    kinds = _kinds(into)
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
@click.option("--doses", type=click.IntRange(1_000, 10**9), multiple=True,
              help="Instead of it: a province of so many; repeatable.")  # fmt: skip
@click.option("--days", type=click.IntRange(28, 365), default=30, show_default=True,
              help="Days of single readings in that province.")  # fmt: skip
@click.option("--into", type=click.Choice(["postgresql", "sqlite"]), default="postgresql",
              show_default=True, help="Where that province is kept.")  # fmt: skip
@click.option("--times", type=click.IntRange(1, 1_000_000), default=500, show_default=True)
def trace(database: str, doses: tuple[int, ...], days: int, into: str, times: int) -> None:
    """How long a trace takes: a dose backwards, a lot forwards, an excursion's impact.

    With --doses a private database is filled first, some 3 GB for a million, and each figure has
    its peer: the same statements through the same driver, with nothing made of their rows.
    """
    _machine()
    for many in doses:
        trace_province(into, Plan(many), days, times)
    if doses:
        return
    opened = open_database(database)
    facts = ", ".join(f"{count} {name}" for name, count in count_facts(opened).items())
    click.echo(facts)
    for latency in measure_traces(opened, times):
        _tell(latency)
    opened.close()


def trace_province(kind: str, plan: Plan, days: int, times: int) -> None:
    """Fill a province, ask it, and print each figure beside its peer's."""
    with (
        click.progressbar(length=plan.doses, file=sys.stderr, label="Filling") as bar,
        new_world(kind, plan, days, click.echo, bar.update) as world,
    ):
        for asked in ask_all(world, times):
            ours, bare, first = (
                [percentile(list(taken), percent) for percent in (50, 99)]
                for taken in (asked.ours, asked.bare, asked.first)
            )
            click.echo(
                f"{asked.question:<24} p50 {ours[0]:8.1f} ms   p99 {ours[1]:8.1f} ms   bare SQL "
                f"p50 {bare[0]:6.1f} ms   p99 {bare[1]:6.1f} ms   {ours[0] / bare[0]:.2f} of it   "
                f"first time p99 {first[1]:.1f} ms   ({asked.times} times, "
                f"{asked.statements / asked.times:.0f} statements, "
                f"{asked.rows / asked.times:.0f} rows each)"
            )
        table = measure_table(world, large_lot(plan))
        click.echo(
            f"all recipients as CSV    {table.lines} lines in {table.seconds:.1f} s, memory grew "
            f"by {table.grown_mib:.1f} MiB   bare rows {table.bare_seconds:.1f} s   "
            f"{table.seconds / table.bare_seconds:.2f} of it"
        )
        for taken in measure_recording(world, 20 * times):
            click.echo(
                f"{taken.doses} doses {taken.what:<28} {taken.ms_each:.2f} ms of a core each   "
                f"a day of {PEAK_DAY}: {taken.hours_of_a_peak_day:.2f} h"
            )


_INTO = click.option("--into", type=click.Choice(["postgresql", "sqlite", "both"]),
                     default="both", show_default=True)  # fmt: skip


@bench.command()
@click.option("--units", type=click.IntRange(1, 10_000), default=50, show_default=True,
              help="Refrigerators with two probes each; their readings lie mixed.")  # fmt: skip
@click.option("--days", type=click.IntRange(1, 3_650), default=365, show_default=True)
@click.option("--times", type=click.IntRange(1, 1_000_000), default=100, show_default=True)
@_INTO
def series(units: int, days: int, times: int, into: str) -> None:
    """How long a year of a unit takes, beside a bare SELECT of the same rows."""
    _machine()
    rows = units * 2 * days * 144
    click.echo(f"{rows} readings of {units} units with two probes, every 10 minutes, {days} days")
    for kind in _kinds(into):
        click.echo(kind)
        with click.progressbar(length=rows, file=sys.stderr, label="Filling") as bar:
            peer = None
            for latency in measure_series(kind, units, days, times, bar.update):
                peer = peer or latency
                _tell(latency, f"{latency.p50_ms / peer.p50_ms:.2f} of the bare SELECT")


@bench.command()
@click.option("--rows", type=click.IntRange(1, 10**10), multiple=True, default=[1_000_000],
              show_default=True, help="Measure with so many stored; repeatable.")  # fmt: skip
@click.option("--sensors", type=click.IntRange(1, 1_000_000), default=50_000, show_default=True)
@click.option("--fresh", type=click.IntRange(1, 10_000_000), default=50_000, show_default=True,
              help="Readings that are recorded to take the time.")  # fmt: skip
@_INTO
def storage(rows: tuple[int, ...], sensors: int, fresh: int, into: str) -> None:
    """Bytes a reading, and what it costs to keep one more when there are many.

    Ours is looked up, compared and judged, or, where the line knows by heart that it is quiet,
    copied. The peer is the bare INSERT of the same rows, made inside the database. It needs about
    150 bytes of the temporary folder's disk for each row.
    """
    _machine()
    click.echo(f"{sensors} sensors, {BATCH} readings a transaction")
    for kind in _kinds(into):
        with click.progressbar(length=max(rows), file=sys.stderr, label=f"Filling {kind}") as bar:
            for one in measure_storage(kind, sensors, list(rows), fresh, bar.update):
                click.echo(
                    f"{kind:<11}{one.rows:>12} rows   judged {one.judged_us:7.1f} µs   "
                    f"copied {one.copied_us:6.1f} µs   bare INSERT {one.bare_us:6.1f} µs   "
                    f"{one.bare_us / one.copied_us:.2f} of the peer's rate"
                )
                click.echo(
                    f"{'':<11}{one.size.table:.1f} + {one.size.index:.1f} bytes a reading, its "
                    f"index packed {one.size.packed_index:.1f}; filled in {one.fill_s:.0f} s"
                )


@bench.command()
def setup() -> None:
    """Seconds from a fresh clone to the first page of the demo."""
    _machine()
    measured = measure_setup()
    click.echo(f"make setup               {measured.setup_s:8.1f} s")
    click.echo(f"make demo, first page    {measured.first_page_s:8.1f} s")
    click.echo(f"together                 {measured.setup_s + measured.first_page_s:8.1f} s")


def _kinds(into: str) -> tuple[str, ...]:
    return ("postgresql", "sqlite") if into == "both" else (into,)


def _tell(latency: Latency, more: str = "") -> None:
    click.echo(
        f"{latency.question:<24} p50 {latency.p50_ms:8.1f} ms   "
        f"p99 {latency.p99_ms:8.1f} ms   ({latency.asked} times)   {more}".rstrip()
    )


@bench.command()
@click.option("--sensors", type=click.IntRange(1, 900_000), default=2_000, show_default=True,
              help="How many speak calmly meanwhile.")  # fmt: skip
@click.option("--rate", type=click.FloatRange(1), default=10_000, show_default=True,
              help="Messages a second of the calm ones.")  # fmt: skip
@click.option("--seconds", type=click.FloatRange(0.1), default=60, show_default=True)
@click.option("--every", type=click.FloatRange(0.01), default=0.2, show_default=True,
              help="Seconds between two alarms.")  # fmt: skip
def alert(sensors: int, rate: float, seconds: float, every: float) -> None:
    """How long after a reading the mail server has the e-mail about it.

    A fleet speaks at an even rate; every so often one further sensor's reading is an alarm.
    """
    _machine()
    click.echo(f"{sensors} sensors, {rate:,.0f} messages/s, an alarm every {every} s")
    delays = measure_alerts(sensors, rate, seconds, every)
    click.echo(f"published {delays.rate:,.0f} messages/s, settled {delays.settled_rate:,.0f}")
    click.echo(f"{delays.alarms} alarms, {len(delays.seconds)} e-mails")
    for name, taken in ("to the mail server", delays.seconds), ("to judging", delays.until_judged):
        click.echo(
            f"publish {name:<20} p50 {percentile(taken, 50):6.2f} s   "
            f"p99 {percentile(taken, 99):6.2f} s   max {max(taken, default=0.0):6.2f} s"
        )
    if len(delays.seconds) < delays.alarms:
        missing = delays.alarms - len(delays.seconds)
        raise click.ClickException(f"{missing} alarms got no e-mail.")


@bench.command()
@click.option("--sensors", type=click.IntRange(1, 1_000_000), default=1_000_000,
              show_default=True)  # fmt: skip
@click.option("--rate", type=click.FloatRange(1), default=10_000, show_default=True,
              help="Messages a second, once all have spoken.")  # fmt: skip
@click.option("--minutes", type=click.FloatRange(0.01), default=30, show_default=True)
@click.option("--every", type=click.FloatRange(0.1), default=5, show_default=True,
              help="Seconds between two looks.")  # fmt: skip
def memory(sensors: int, rate: float, minutes: float, every: float) -> None:
    """Resident memory of an ingester that knows all sensors, and whether it grows. Linux only."""
    _machine()
    seen = measure_memory(sensors, rate, minutes * 60, every_s=every, tell=click.echo)
    click.echo(f"published {seen.rate:,.0f} messages/s, settled {seen.settled_rate:,.0f}")
    kib = [kib for _, kib in seen.over]
    figures = {"at start": seen.at_start, "all known": seen.all_known, "least": min(kib)}
    for name, size in (figures | {"most seen": max(kib), "most ever": seen.most}).items():
        click.echo(f"{name:<12}{size / 1024:>8.1f} MiB")
    click.echo(f"{'slope':<12}{seen.slope:>8.1f} KiB a minute")
    click.echo(f"{seen.remembered} sensors remembered")


def _show(figure: Figure) -> None:
    click.echo(f"{figure.name:<28}{figure.per_second:>10,.0f} messages/s   {figure.detail}")


def _machine() -> None:
    """What the figures were measured on; how busy it was decides what they are worth."""
    busy = os.getloadavg()[0]
    click.echo(
        f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()} "
        f"{platform.release()}, Python {platform.python_version()}, load {busy:.1f}"
    )
