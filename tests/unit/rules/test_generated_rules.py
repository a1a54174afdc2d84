"""Generated rules of every kind over generated series: order, batches and restarts say the same."""

from __future__ import annotations

import json
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.rules.generated import Case, cases, examples, minute_of, sums
from tests.unit.rules.walk import Found, walk
from traceapp.capture.run import as_numbers, as_run
from traceapp.models.excursion import Run as RunRow
from traceapp.rules.judging import Watch, judge
from traceapp.rules.profile import Profile
from traceapp.rules.run import Run


def judged(case: Case) -> list[Run]:
    return judge(case.profile, case.pace, case.samples, case.departures)


def stored_and_read(run: Run, profile: Profile) -> Run:
    """A run as it is after it was written down and read again."""
    row = RunRow(
        rule=run.rule.code,
        started_at=run.started_at,
        heard_at=run.heard_at,
        ended_at=run.ended_at,
        triggered_at=run.triggered_at,
        peak_celsius=run.peak_celsius,
        unknown=json.loads(json.dumps(as_numbers(run.unknown))),
        stretches=json.loads(json.dumps(as_numbers(run.stretches))),
        outside_since=run.outside_since,
    )
    return as_run(row, profile.rule(row.rule))


def in_batches(case: Case, sizes: list[int]) -> list[Run]:
    """The runs where the process is killed after each batch and another one goes on."""
    runs: list[Run] = []
    running: list[Run] = []
    watch = Watch(case.profile, case.pace, None, (), case.departures)
    last, left = None, list(case.samples)
    for size in [*sizes, len(left)]:
        batch, left = left[:size], left[size:]
        watch = Watch(case.profile, case.pace, last, running, case.departures)
        runs += [run for sample in batch for run in watch.take(sample)]
        last = watch.last
        running = [stored_and_read(run, case.profile) for run in watch.running.values()]
    return sorted([*runs, *watch.kept], key=lambda run: (run.started_at, run.rule.code))


@examples(200)
@given(cases() | sums(), st.lists(st.integers(1, 9), max_size=12))
def test_batches_with_a_restart_between_them_say_what_the_whole_series_says(
    case: Case, sizes: list[int]
) -> None:
    assert in_batches(case, sizes) == judged(case)


def found_of(run: Run) -> Found:
    assert run.triggered_at is not None
    spent = run.spent
    ended = None if run.ended_at is None else minute_of(run.ended_at)
    return Found(
        run.rule.code,
        minute_of(run.started_at),
        minute_of(run.triggered_at),
        ended,
        run.peak_celsius,
        sum(minute_of(until) - minute_of(since) for since, until in run.unknown),
        None if spent is None else spent // timedelta(minutes=1),
    )


@examples(400)
@given(cases() | sums())
def test_a_judge_that_walks_every_minute_finds_the_same_under_every_kind_of_rule(
    case: Case,
) -> None:
    ours = [found_of(run) for run in judged(case) if run.triggered_at is not None]
    assert sorted(ours, key=lambda one: (one.rule, one.started)) == walk(case)
