"""A stored run as the rules see it, and back."""

from __future__ import annotations

from collections.abc import Iterable

from traceapp.models.base import microseconds, moment_of
from traceapp.models.excursion import Run as RunRow
from traceapp.rules.profile import Rule
from traceapp.rules.run import Run, Stretch


def as_run(row: RunRow, rule: Rule) -> Run:
    """The run of a row, under the rule that judged it."""
    return Run(
        rule=rule,
        started_at=row.started_at,
        heard_at=row.heard_at,
        ended_at=row.ended_at,
        triggered_at=row.triggered_at,
        peak_celsius=row.peak_celsius,
        unknown=_as_stretches(row.unknown),
        stretches=_as_stretches(row.stretches),
        outside_since=row.outside_since,
    )


def as_numbers(stretches: Iterable[Stretch]) -> list[list[int]]:
    """Stretches as pairs of microseconds since 1970, as they are stored."""
    return [[microseconds(start), microseconds(end)] for start, end in stretches]


def _as_stretches(pairs: Iterable[list[int]]) -> list[Stretch]:
    return [(moment_of(start), moment_of(end)) for start, end in pairs]
