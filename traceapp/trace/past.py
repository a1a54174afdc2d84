"""What stretches that are over did to a product, remembered while nothing changes their past.

A vaccinator's phone asks for the same life of the same lot all day, and it is always the same but
for the last two days. Whoever changes the past of a unit counts it in the same transaction
(`capture.stale`), for all days before `summing.until_on`; so what was read of those days under a
count holds as long as the count is the same. The count is read first: what changes between
the two reads is kept under a count that is over.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, Select, Text, cast, func, select
from sqlalchemy.orm import Session

from traceapp.db import Database, is_postgresql, is_writing
from traceapp.models.sensor import Attachment
from traceapp.models.unit_day import Summing, UnitPast
from traceapp.rows import fetch, spell_list
from traceapp.rules.exposure import Exposure, Limits
from traceapp.rules.hour import midnight
from traceapp.watch.heard import LONGEST_SILENCE, Attached, attached_of, attachments

#: How many stretches a process remembers of a database; the oldest are forgotten first.
MOST = 20_000

#: A unit during [from, until).
Key = tuple[int, datetime, datetime]
#: What is remembered, by `name_of`: under which count, and what.
_Memory = dict[tuple[Any, ...], tuple[int, Exposure]]
_memories: WeakKeyDictionary[Engine, _Memory] = WeakKeyDictionary()


class Past:
    """The sensors of units, and what this process remembers of the units' past."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.attached: dict[int, list[Attached]] = {}
        self._changes: dict[int, int] = {}
        self._until: dict[int, datetime] = {}
        bind = session.get_bind()
        # Who writes sees counts of its own, which may never come to be.
        self._memory: _Memory = {}
        if isinstance(bind, Engine) and not is_writing(session):
            self._memory = _memories.setdefault(bind, self._memory)

    def know(self, unit_ids: Collection[int]) -> None:
        """Read the sensors of units, and how often their past has changed."""
        missing = set(unit_ids) - self.attached.keys()
        if not missing:
            return
        asked = spell_list(self._session, "ids", sorted(missing))
        self.attached |= {unit_id: [] for unit_id in missing}
        for row in fetch(self._session, _asking(is_postgresql(self._session)), asked):
            self.attached[row.unit_id].append(attached_of(row))
            self._changes[row.unit_id] = row.changes or 0
            if row.until_on is not None:
                self._until[row.unit_id] = _midnight(row.until_on)
        for unit_id in missing:
            if any(one.pace.silence > LONGEST_SILENCE for one in self.attached[unit_id]):
                self._until.pop(unit_id, None)

    def parts(self, key: Key) -> tuple[Key | None, Key | None]:
        """The part of a stretch that can be remembered, and the part that cannot."""
        unit_id, from_at, until_at = key
        settled_at = self._until.get(unit_id)
        if settled_at is None or settled_at <= from_at:
            return None, key
        if until_at <= settled_at:
            return key, None
        return (unit_id, from_at, settled_at), (unit_id, settled_at, until_at)

    def is_recent(self, unit_id: int, from_at: datetime) -> bool:
        """Whether it is known that no day since a moment can have been summed."""
        return unit_id in self._until and self._until[unit_id] <= from_at

    def remembered(self, key: Key, limits: Limits) -> Exposure | None:
        """What is remembered of such a part, where it still holds."""
        changes, exposure = self._memory.get(name_of(key, limits), (None, None))
        return exposure if changes == self._changes[key[0]] else None

    def keep(self, key: Key, limits: Limits, exposure: Exposure) -> None:
        """Remember what such a part did to a product."""
        memory, name = self._memory, name_of(key, limits)
        memory.pop(name, None)
        memory[name] = self._changes[key[0]], exposure
        while len(memory) > MOST:
            try:
                del memory[next(iter(memory))]
            except (KeyError, RuntimeError, StopIteration):  # Another thread was at it.
                break


def forget(database: Database) -> None:
    """Forget what this process remembers of a database."""
    _memories.pop(database.engine, None)


def name_of(key: Key, limits: Limits) -> tuple[Any, ...]:
    """A stretch for a product that can bear so much, as a key."""
    said = limits.min_celsius, limits.max_celsius, limits.is_freeze_sensitive, limits.vvm
    return *key, *said, tuple(sorted(limits.budget))


def _midnight(day: date | str) -> datetime:
    return midnight(day if isinstance(day, date) else date.fromisoformat(day))


@lru_cache
def _asking(is_on_postgresql: bool) -> Select[*tuple[Any, ...]]:
    """Made once: to make a statement anew each time costs more than the database takes for it."""
    until_on = select(Summing.until_on)
    if is_on_postgresql:
        # Who stores readings may have looked before the newest days were listed, and count
        # nothing for those; so those are not settled before all such transactions are over.
        eldest = cast(func.pg_snapshot_xmin(func.pg_current_snapshot()), Text)
        until_on = until_on.where(Summing.fence <= cast(eldest, Summing.fence.type))
    return (
        attachments(is_on_postgresql, "unit_id")
        .outerjoin(UnitPast, UnitPast.unit_id == Attachment.unit_id)
        .add_columns(UnitPast.changes, until_on.scalar_subquery().label("until_on"))
    )
