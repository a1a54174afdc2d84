"""The registry: places, units, sensors, products and contacts, with their history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.capture.judging import judge_sensors
from traceapp.capture.pack_finding import judge_packs_of_product
from traceapp.capture.profile import register_profile
from traceapp.capture.reading import know_sensors
from traceapp.capture.registry_error import RegistryError, past
from traceapp.capture.stale import mark_sensor
from traceapp.db import SENSOR_MOVES, lock_numbers
from traceapp.models.base import Base
from traceapp.models.contact import Contact
from traceapp.models.division import Division
from traceapp.models.product import Product
from traceapp.models.sensor import Attachment, Sensor
from traceapp.models.site import Site
from traceapp.models.stock import Stock
from traceapp.models.unit import Unit, UnitProfile
from traceapp.rules.profile import PROFILES
from traceapp.watch.post import lock_units, sensors_of
from traceapp.watch.profile import is_known


def register(session: Session, kind: str, document: dict[str, Any], now: datetime) -> bool:
    """Take in a validated document of `schemas.registry.KINDS[kind]`.

    Returns whether it changed anything. Raises RegistryError where it names something
    unknown. A new sensor's kept readings are judged as of their own time.
    """
    return _REGISTRARS[kind](session, document, now)


def _upsert(session: Session, row: Base | None, make: type[Base], values: dict[str, Any]) -> bool:
    if row is None:
        session.add(make(**values))
        session.flush()
        return True
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in changed.items():
        setattr(row, name, value)
    session.flush()
    return bool(changed)


def _register_division(session: Session, document: dict[str, Any], _now: datetime) -> bool:
    row = session.get(Division, document["code"])
    return _upsert(session, row, Division, {"name_en": None, **document})


def _register_site(session: Session, document: dict[str, Any], _now: datetime) -> bool:
    row = session.scalar(select(Site).where(Site.code == document["code"]))
    values = {
        "code": document["code"],
        "name": document["name"],
        "name_en": document.get("name_en"),
        "type": document["type"],
        "division_code": document["division"],
        "latitude": document.get("lat"),
        "longitude": document.get("lon"),
    }
    return _upsert(session, row, Site, values)


def _register_unit(session: Session, document: dict[str, Any], now: datetime) -> bool:
    site = session.scalar(select(Site).where(Site.code == document["site"]))
    if site is None:
        raise RegistryError("site", f"Expected a registered site, got {document['site']}.")
    if not is_known(session, document["profile"], site):
        known = f"{', '.join(PROFILES)} or a profile of the site's own"
        raise RegistryError("profile", f"Expected one of {known}, got {document['profile']}.")
    from_at = past("profile_from", document.get("profile_from", now), now)
    row = session.scalar(select(Unit).where(Unit.code == document["code"]))
    if row is not None and row.site_id != site.id:
        _refuse_full(session, row)
    values = {
        "code": document["code"],
        "site_id": site.id,
        "name": document["name"],
        "name_en": document.get("name_en"),
        "type": document["type"],
    }
    is_changed = _upsert(session, row, Unit, values)
    unit_id = session.scalars(select(Unit.id).where(Unit.code == document["code"])).one()
    lock_units(session, [unit_id])
    if _follow(session, UnitProfile, {"unit_id": unit_id}, "profile", document["profile"], from_at):
        judge_sensors(session, sensors_of(session, [unit_id]), now)
        return True
    return is_changed


def _refuse_full(session: Session, unit: Unit) -> None:
    """Let a unit go to another site only where the record says that it is empty.

    What was reported of it stays at the site that reported it, so nobody there could ship it out.
    """
    lots = session.scalar(select(func.count()).where(Stock.unit_id == unit.id, Stock.doses > 0))
    if lots:
        raise RegistryError(
            "site", f"Expected an empty unit to move, got one that holds {lots} lots."
        )


def _register_sensor(session: Session, document: dict[str, Any], now: datetime) -> bool:
    unit_id = session.scalar(select(Unit.id).where(Unit.code == document["unit"]))
    if unit_id is None:
        raise RegistryError("unit", f"Expected a registered unit, got {document['unit']}.")
    from_at = past("attached_from", document.get("attached_from", now), now)
    # Its first reading may come at this very moment and note the sensor as heard.
    sensor_id = know_sensors(session, {document["code"]})[document["code"]]
    # Of two moves at once the second must know where the first one put the sensor.
    lock_numbers(session, SENSOR_MOVES, {sensor_id})
    row = session.get_one(Sensor, sensor_id)
    values = {
        "code": document["code"],
        "interval_s": document["interval_s"],
        "silence_s": document.get("silence_s"),
        "is_registered": True,
    }
    is_changed = _upsert(session, row, Sensor, values)
    stood = select(Attachment.unit_id).where(Attachment.sensor_id == sensor_id)
    held = session.scalars(stood).all()
    lock_units(session, {unit_id, *held})
    is_moved = _follow(session, Attachment, {"sensor_id": sensor_id}, "unit_id", unit_id, from_at)
    if is_changed or is_moved:
        judge_sensors(session, {sensor_id}, now)
        # Another pace changes what all its readings meant.
        mark_sensor(session, sensor_id, {unit_id, *held}, None if is_changed else from_at)
    return is_changed or is_moved


def _follow(
    session: Session,
    history: type[Attachment] | type[UnitProfile],
    subject: dict[str, int],
    field: str,
    value: Any,
    from_at: datetime,
) -> bool:
    """Let `value` hold from `from_at`; the first one ever holds since ever.

    What the history says after `from_at` is replaced. Returns whether anything changed.
    """
    (column, key), *_ = subject.items()
    wanted = select(history).where(getattr(history, column) == key)
    rows: Sequence[Any] = session.scalars(wanted).all()
    if not rows:
        session.add(history(**subject, **{field: value}, from_at=None, until_at=None))
        session.flush()
        return True
    current = next(row for row in rows if row.until_at is None)
    if getattr(current, field) == value:
        return False
    for row in rows:
        if row.from_at is not None and row.from_at >= from_at:
            session.delete(row)
        elif row.until_at is None or row.until_at > from_at:
            row.until_at = from_at
    session.add(history(**subject, **{field: value}, from_at=from_at, until_at=None))
    session.flush()
    return True


def _register_product(session: Session, document: dict[str, Any], _now: datetime) -> bool:
    row = session.get(Product, document["gtin"])
    storage = document.get("storage") or {"min_celsius": 2.0, "max_celsius": 8.0}
    values = {
        "gtin": document["gtin"],
        "name": document["name"],
        "name_en": document.get("name_en"),
        "manufacturer": document.get("manufacturer"),
        "doses_per_pack": document["doses_per_pack"],
        "is_freeze_sensitive": document["freeze_sensitive"],
        "vvm": document.get("vvm"),
        "budget": document.get("budget"),
        **storage,
    }
    before = row.doses_per_pack if row is not None else 1
    is_changed = _upsert(session, row, Product, values)
    if before != document["doses_per_pack"]:
        judge_packs_of_product(session, document["gtin"])
    return is_changed


def _register_contact(session: Session, document: dict[str, Any], _now: datetime) -> bool:
    row = session.scalar(
        select(Contact).where(
            Contact.email == document["email"], Contact.division_code == document["division"]
        )
    )
    values = {
        "email": document["email"],
        "name": document.get("name"),
        "division_code": document["division"],
        "language": document["language"],
        "level": document["level"],
    }
    return _upsert(session, row, Contact, values)


_REGISTRARS: dict[str, Callable[[Session, dict[str, Any], datetime], bool]] = {
    "division": _register_division,
    "site": _register_site,
    "unit": _register_unit,
    "sensor": _register_sensor,
    "product": _register_product,
    "contact": _register_contact,
    "profile": register_profile,
}
