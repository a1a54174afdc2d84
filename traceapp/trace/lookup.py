"""Any code in hand: what it may be. Ambiguous answers are listed, never guessed."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import quote

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from traceapp.models.dose import Dose, Recipient
from traceapp.models.lot import Lot, Pack
from traceapp.models.movement import Movement
from traceapp.models.sensor import Attachment, Sensor
from traceapp.models.site import Site
from traceapp.models.unit import Unit
from traceapp.rules.gs1 import read_element_string
from traceapp.trace.reach import is_lot_within
from traceapp.trace.scope import Scope
from traceapp.vault import Vault

_MOST = 50


def resolve(session: Session, scope: Scope, code: str, vault: Vault) -> list[dict[str, str]]:
    """Everything in scope that a code may name: `{"kind", "code", "url", "title"}` each.

    A code is a dose id, pack code, GS1 element string or Digital Link, lot number, movement
    id, recipient's document number, unit or sensor. As it is written it comes first; only where
    nothing bears it, other spellings of it are tried.
    """
    for text in _spellings(code.strip()):
        if found := _resolve(session, scope, text, vault):
            return found
    return []


def _spellings(text: str) -> list[str]:
    """A code as it is, in plain letters for full-width ones, in capitals, in small letters."""
    plain = unicodedata.normalize("NFKC", text)
    return list(dict.fromkeys((text, plain, plain.upper(), plain.lower())))


def _resolve(session: Session, scope: Scope, text: str, vault: Vault) -> list[dict[str, str]]:
    found = [
        *_doses(session, scope, text),
        *_lots(session, scope, text),
        *_packs(session, scope, text),
        *_movements(session, scope, text),
        *_recipients(session, scope, text, vault),
        *_units(session, scope, text),
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


def _doses(session: Session, scope: Scope, text: str) -> Iterator[dict[str, str]]:
    rows = session.execute(
        select(Dose.code, Dose.at, Site.name)
        .join(Site, Site.id == Dose.site_id)
        .where(or_(Dose.code == text, Dose.pack_code == text), scope.sites())
        .limit(_MOST)
    )
    for code, at, site in rows:
        yield _dose(code, at, site)


def _lots(session: Session, scope: Scope, text: str) -> Iterator[dict[str, str]]:
    query = select(Lot).where(is_lot_within(scope)).limit(_MOST)
    label = read_element_string(text)
    if label is not None and label.lot is not None:
        query = query.where(Lot.gtin == label.gtin, Lot.number == label.lot)
    else:
        query = query.where(Lot.number == text)
    for lot in session.scalars(query):
        yield _lot(lot)


def _packs(session: Session, scope: Scope, text: str) -> Iterator[dict[str, str]]:
    rows = session.scalars(
        select(Lot).join(Pack, Pack.lot_id == Lot.id).where(Pack.code == text, is_lot_within(scope))
    )
    for lot in rows:
        yield _lot(lot, "pack", text)


def _movements(session: Session, scope: Scope, text: str) -> Iterator[dict[str, str]]:
    rows = session.scalars(
        select(Lot)
        .join(Movement, Movement.lot_id == Lot.id)
        .join(Site, Site.id == Movement.site_id)
        .where(Movement.code == text, scope.sites())
    )
    for lot in rows:
        yield _lot(lot, "movement", text)


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
