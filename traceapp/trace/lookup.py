"""Any code in hand: what it may be. Ambiguous answers are listed, never guessed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from traceapp.models.dose import Dose, Recipient
from traceapp.models.lot import Lot, Pack
from traceapp.models.movement import Movement
from traceapp.models.sensor import Attachment, Sensor
from traceapp.models.site import Site
from traceapp.models.unit import Unit
from traceapp.rules.code import read_code
from traceapp.rules.meaning import Meaning
from traceapp.trace.code import keys_of_meanings
from traceapp.trace.reach import is_lot_within, lots_of_pack
from traceapp.trace.scope import Scope
from traceapp.vault import Vault

_MOST = 50


class _Sought(NamedTuple):
    """A code in one spelling, the keys of packs that it may name, and what it may be."""

    text: str
    keys: Sequence[str]
    meanings: Sequence[Meaning]


def resolve(session: Session, scope: Scope, code: str, vault: Vault | None) -> list[dict[str, str]]:
    """Everything in scope that a code may name: `{"kind", "code", "url", "title"}` each.

    A code is a dose id, pack code, GS1 element string or Digital Link, lot number, movement
    id, recipient's document number, unit or sensor. As it is written it comes first; only where
    nothing bears it, capitals and small letters are tried. Without a vault nobody is looked for.
    """
    meanings = read_code(code)
    if not meanings:
        return []
    text = meanings[-1].code
    for spelled in dict.fromkeys((text, text.upper(), text.lower())):
        meanings = read_code(spelled)
        sought = _Sought(spelled, keys_of_meanings(session, meanings), meanings)
        if found := _resolve(session, scope, sought, vault):
            return found
    return []


def _resolve(
    session: Session, scope: Scope, sought: _Sought, vault: Vault | None
) -> list[dict[str, str]]:
    found = [
        *_doses(session, scope, sought),
        *_lots(session, scope, sought),
        *_packs(session, scope, sought.keys),
        *_movements(session, scope, sought.text),
        *(_recipients(session, scope, sought.text, vault) if vault else ()),
        *_units(session, scope, sought.text),
    ]
    seen: dict[tuple[str, str], dict[str, str]] = {}
    for one in found:
        seen.setdefault((one["kind"], one["url"]), one)
    return list(seen.values())


def _answer(kind: str, code: str, url: str, title: str) -> dict[str, str]:
    return {"kind": kind, "code": code, "url": url, "title": title}


def _dose(code: str, at: datetime, site: str, kind: str = "dose") -> dict[str, str]:
    return _answer(kind, code, f"/doses/{quote(code)}", f"{at:%Y-%m-%d} {site}")


def _lot(lot: Lot, kind: str = "lot", code: str | None = None) -> dict[str, str]:
    url = f"/lots/{quote(lot.gtin)}/{quote(lot.number)}"
    return _answer(kind, code or lot.number, url, f"{lot.number} ({lot.gtin})")


def _doses(session: Session, scope: Scope, sought: _Sought) -> Iterator[dict[str, str]]:
    is_it = or_(Dose.code == sought.text, Dose.pack_key.in_(sought.keys))
    rows = session.execute(
        select(Dose.code, Dose.at, Site.name)
        .join(Site, Site.id == Dose.site_id)
        .where(is_it, scope.sites())
        .limit(_MOST)
    )
    for code, at, site in rows:
        yield _dose(code, at, site)


def _lots(session: Session, scope: Scope, sought: _Sought) -> Iterator[dict[str, str]]:
    named: list[ColumnElement[bool]] = [Lot.number == sought.text]
    for one in sought.meanings:
        if one.gtin is not None and one.lot is not None:
            named.append(and_(Lot.gtin == one.gtin, Lot.number == one.lot))
        elif one.lot is not None:
            named.append(Lot.number == one.lot)
        elif one.gtin is not None and one.serial is None:
            named.append(Lot.gtin == one.gtin)
    query = select(Lot).where(or_(*named), is_lot_within(scope))
    for lot in session.scalars(query.order_by(Lot.id.desc()).limit(_MOST)):
        yield _lot(lot)


def _packs(session: Session, scope: Scope, keys: Sequence[str]) -> Iterator[dict[str, str]]:
    codes = session.scalars(select(Pack.code).where(Pack.key.in_(keys))).all()
    for lot in session.scalars(lots_of_pack(session, scope, keys).limit(_MOST)):
        yield _lot(lot, "pack", codes[0])


def _movements(session: Session, scope: Scope, text: str) -> Iterator[dict[str, str]]:
    rows = session.execute(
        select(Lot, Movement.code)
        .join(Movement, Movement.lot_id == Lot.id)
        .join(Site, Site.id == Movement.site_id)
        .where(Movement.code == text, scope.sites())
    )
    for lot, code in rows:
        yield _lot(lot, "movement", code)


def _recipients(
    session: Session, scope: Scope, text: str, vault: Vault
) -> Iterator[dict[str, str]]:
    rows = session.execute(
        select(Dose.code, Dose.at, Site.name)
        .join(Recipient, Recipient.id == Dose.recipient_id)
        .join(Site, Site.id == Dose.site_id)
        .where(Recipient.document_index.in_(vault.indexes(text)), scope.sites())
        .order_by(Dose.at)
        .limit(_MOST)
    )
    for code, at, site in rows:
        yield _dose(code, at, site, "recipient")


def _units(session: Session, scope: Scope, text: str) -> Iterator[dict[str, str]]:
    rows = session.execute(
        select(Unit.code, Unit.name, Site.name)
        .join(Site, Site.id == Unit.site_id)
        .outerjoin(Attachment, Attachment.unit_id == Unit.id)
        .outerjoin(Sensor, Sensor.id == Attachment.sensor_id)
        .where(or_(Unit.code == text, Sensor.code == text), scope.sites())
        .distinct()
    )
    for code, name, site in rows:
        yield _answer("unit", code, f"/units/{quote(code)}", f"{name}, {site}")
