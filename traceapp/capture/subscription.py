"""What the broker's session of each partition has subscribed to, as its holder knows it.

MQTT has no way to ask. A site that moves from one partition to another must be heard by one of
them at every moment: its old partition lets go only after the new one has subscribed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.capture.lease import moment_of_leases
from traceapp.models.partition import Partition
from traceapp.models.site import Site
from traceapp.rules.coverage import Coverage, site_of, topics_of


def note_subscribed(session: Session, partition_id: int, filters: Sequence[str]) -> None:
    """Keep that the broker has accepted these filters for the session of a partition."""
    row = session.get_one(Partition, partition_id)
    row.subscribed = list(filters)
    row.dropped = [dropped for dropped in row.dropped if dropped not in filters]


def drop_unwanted(
    session: Session, partition_id: int, wanted: Sequence[str], now: datetime
) -> list[str]:
    """Decide which filters that a partition no longer wants its session can do without.

    What they match must be heard by a partition that somebody holds; the rest stays. Returns what
    is to be unsubscribed; it is kept as dropped first, so that nobody else relies on it.
    """
    # All rows, in one order: two partitions must not rely on each other and both let go.
    rows = list(
        session.scalars(
            select(Partition)
            .order_by(Partition.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    )
    [mine] = [row for row in rows if row.id == partition_id]
    unwanted = [filter_ for filter_ in mine.subscribed if filter_ not in wanted]
    if not unwanted:
        return []
    moment = moment_of_leases(session, now)
    heard = [*wanted]
    for row in rows:
        if row.id != partition_id and row.held_until is not None and row.held_until > moment:
            heard += row.subscribed
    without = _sure_to_be_heard(session, Coverage(heard), unwanted)
    mine.subscribed = [filter_ for filter_ in mine.subscribed if filter_ not in without]
    mine.dropped = sorted({*mine.dropped, *without})
    return without


def _sure_to_be_heard(session: Session, others: Coverage, unwanted: Sequence[str]) -> list[str]:
    registered = set(session.scalars(select(Site.code)))
    sure = []
    for filter_ in unwanted:
        mine, site = Coverage([filter_]), site_of(filter_)
        topics = (topic for code in ([site] if site else registered) for topic in topics_of(code))
        if all(others.hears(topic) for topic in topics if mine.hears(topic)):
            sure.append(filter_)
    return sure
