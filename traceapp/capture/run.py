"""A stored run as the rules see it."""

from __future__ import annotations

from traceapp.models.base import moment_of
from traceapp.models.excursion import Run as RunRow
from traceapp.rules.judging import Run
from traceapp.rules.profile import PROFILES


def as_run(row: RunRow) -> Run:
    """The run of a row, under the rule of the profile that judged it."""
    return Run(
        rule=PROFILES[row.profile].rule(row.rule),
        started_at=row.started_at,
        heard_at=row.heard_at,
        ended_at=row.ended_at,
        triggered_at=row.triggered_at,
        peak_celsius=row.peak_celsius,
        unknown=[(moment_of(start), moment_of(end)) for start, end in row.unknown],
    )
