"""A run: the time that one sensor spends outside one rule."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from traceapp.rules.profile import Rule

Stretch = tuple[datetime, datetime]


@dataclass(slots=True)
class Run:
    """A stretch outside one rule: [started_at, ended_at), running while `ended_at` is None.

    `heard_at` is the newest reading that belongs to it; `triggered_at` is set once the run has
    lasted the rule's minutes; `unknown` are the stretches within it that nobody measured. The
    run of a cumulative rule goes on between its `stretches` outside: `outside_since` is set
    while it is in one. What no longer counts by itself is drawn together into one stretch at
    their beginning, so that they stay few and add up to the same.
    """

    rule: Rule
    started_at: datetime
    heard_at: datetime
    ended_at: datetime | None = None
    triggered_at: datetime | None = None
    peak_celsius: float | None = None
    unknown: list[Stretch] = field(default_factory=list)
    stretches: list[Stretch] = field(default_factory=list)
    outside_since: datetime | None = None

    @property
    def is_kept(self) -> bool:
        """Whether it is worth remembering: that a value came twice is not, only that it stays."""
        return self.rule.side != "stuck" or self.triggered_at is not None

    def reach(self, moment: datetime) -> None:
        """Let the run last until a reading at `moment`, which may trigger the rule."""
        self.heard_at = moment
        if self.triggered_at is not None:
            return
        due_at = self._due_at(moment) if self.rule.is_cumulative else self._continuous_due_at()
        if due_at is not None and moment >= due_at:
            self.triggered_at = due_at

    def end(self, moment: datetime) -> None:
        """End the run at `moment`."""
        self.pause(moment)
        self.ended_at = moment

    def pause(self, moment: datetime) -> None:
        """Come back inside at `moment`: a continuous run ends with it, a cumulative one may not.

        A value lasts no longer than it was reported.
        """
        if self.rule.side != "stuck":
            self.reach(moment)
        if self.outside_since is not None:
            if moment > self.outside_since:
                self.stretches.append((self.outside_since, moment))
            self.outside_since = None
            if self.rule.window is None:
                self._draw_together(moment)

    def resume(self, moment: datetime) -> None:
        """Be outside from `moment`, unless it is already."""
        if self.rule.is_cumulative and self.outside_since is None:
            self.outside_since = moment

    def is_over(self, moment: datetime) -> bool:
        """Whether a reading inside at `moment` ends it: in a window, when too little is left."""
        if not self.rule.is_cumulative:
            return True
        if self.rule.window is None:
            return False
        self._draw_together(moment - self.rule.window)
        left = self._within(moment)
        return left < self.rule.sustained if self.triggered_at else left <= timedelta(0)

    def remainder(self, moment: datetime) -> list[Stretch]:
        """What the window that ends at `moment` still holds of the times outside."""
        since = moment - (self.rule.window or timedelta(0))
        return [(max(start, since), end) for start, end in self.stretches if end > since]

    def is_memory(self, moment: datetime) -> bool:
        """Whether the window holds at most what an earlier run has left: it has not begun yet."""
        if self.rule.window is None or self.triggered_at or self.outside_since:
            return False
        return all(start < self.started_at for start, _ in self.remainder(moment))

    @property
    def spent(self) -> timedelta | None:
        """The time outside that a cumulative rule has added up so far; None for others."""
        if not self.rule.is_cumulative:
            return None
        total = sum((end - start for start, end in self.stretches), timedelta(0))
        return total + (self.heard_at - self.outside_since if self.outside_since else timedelta(0))

    def _continuous_due_at(self) -> datetime:
        return self.started_at + self.rule.sustained

    def _due_at(self, now: datetime) -> datetime | None:
        """The first moment at which the time outside adds up to the rule's minutes."""
        if self.outside_since is None:
            return None
        window, since = self.rule.window, self.outside_since
        if window is None:
            return since + self.rule.sustained - _spent(self.stretches, self.started_at, since)
        edges = {end + window for stretch in [*self.stretches, (since, since)] for end in stretch}
        moments = sorted({since, now, *(edge for edge in edges if since < edge < now)})
        for left, right in pairwise(moments):
            lacking = self.rule.sustained - self._within(left)
            if lacking <= timedelta(0):
                return left
            if self._within(right) - self._within(left) >= lacking:  # It grows minute by minute.
                return left + lacking
        return now if self._within(now) >= self.rule.sustained else None

    def _within(self, moment: datetime) -> timedelta:
        """The time outside in the window that ends at `moment`."""
        stretches = [*self.stretches, (self.outside_since or moment, moment)]
        return _spent(stretches, moment - (self.rule.window or timedelta(0)), moment)

    def _draw_together(self, moment: datetime) -> None:
        """Make one stretch of all that end by `moment`: as long as they are together."""
        past = [stretch for stretch in self.stretches if stretch[1] <= moment]
        if len(past) > 1:
            start = past[0][0]
            whole = start, start + sum((end - begin for begin, end in past), timedelta(0))
            self.stretches = [whole, *self.stretches[len(past) :]]


def _spent(stretches: list[Stretch], start: datetime, end: datetime) -> timedelta:
    overlaps = (min(right, end) - max(left, start) for left, right in stretches)
    return sum((one for one in overlaps if one > timedelta(0)), timedelta(0))
