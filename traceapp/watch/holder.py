"""Telling the ingesters that know a sensor by heart that somebody else writes of it."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from traceapp.models.forgotten import Forgotten
from traceapp.models.partition import Partition
from traceapp.models.sensor import Sensor
from traceapp.rows import among


def lock_holders(session: Session, partition_ids: Collection[int]) -> None:
    """Keep the holders of these partitions out until the transaction ends, in one order.

    Our own partition keeps others out already.
    """
    others = sorted(set(partition_ids) - {session.info.get("partition_id")})
    if others:
        session.execute(
            select(Partition.id)
            .where(Partition.id.in_(others))
            .order_by(Partition.id)
            .with_for_update()
        ).all()


def tell_holders(session: Session, sensor_ids: Collection[int]) -> None:
    """Leave word that these sensors are to be looked up again; their holders are locked."""
    held = (
        select(Sensor.remembered_by, Sensor.id)
        .where(among(session, Sensor.id, sensor_ids), Sensor.remembered_by.is_not(None))
        .order_by(Sensor.id)
    )
    session.execute(insert(Forgotten).from_select(["partition_id", "sensor_id"], held))
    session.execute(
        update(Sensor)
        .where(among(session, Sensor.id, sensor_ids))
        .values(remembered_by=None)
        .execution_options(synchronize_session=False)
    )
