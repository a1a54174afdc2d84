"""The registry as documents: the same that `PUT` takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from traceapp.models.contact import Contact
from traceapp.models.division import Division, division_chain, is_within
from traceapp.models.product import Product
from traceapp.models.profile import Profile
from traceapp.models.sensor import Attachment, Sensor
from traceapp.models.site import Site
from traceapp.models.unit import Unit, UnitProfile
from traceapp.trace.page import decode_cursor, make_page
from traceapp.trace.scope import Scope


@dataclass(frozen=True, slots=True)
class _Noun:
    """How a kind of the registry is read: its rows, the column that names one, its document."""

    rows: Callable[[Scope], Any]
    key: Any
    document: Callable[[Any], dict[str, Any]]


def list_nouns(
    session: Session, scope: Scope, kind: str, limit: int = 100, cursor: str | None = None
) -> dict[str, Any]:
    """A page of a kind of the registry, by code."""
    noun = _NOUNS[kind]
    query = noun.rows(scope).order_by(noun.key)
    if cursor is not None:
        (after,) = decode_cursor(cursor, (str,))
        query = query.where(noun.key > after)
    rows = session.execute(query.add_columns(noun.key).limit(limit + 1)).all()
    return make_page(rows, limit, noun.document, lambda row: (row[-1],))


def get_noun(session: Session, scope: Scope, kind: str, code: str) -> dict[str, Any] | None:
    """One document of the registry; None where there is none in scope."""
    noun = _NOUNS[kind]
    row = session.execute(noun.rows(scope).where(noun.key == code)).first()
    return None if row is None else noun.document(row)


def _sites(scope: Scope) -> Any:
    return select(Site).where(scope.sites())


def _site(row: Any) -> dict[str, Any]:
    site: Site = row[0]
    return _without_none(
        code=site.code,
        name=site.name,
        name_en=site.name_en,
        type=site.type,
        division=site.division_code,
        lat=site.latitude,
        lon=site.longitude,
    )


def _units(scope: Scope) -> Any:
    return (
        select(Unit, Site.code, UnitProfile.profile)
        .join(Site, Site.id == Unit.site_id)
        .join(UnitProfile, (UnitProfile.unit_id == Unit.id) & UnitProfile.until_at.is_(None))
        .where(scope.sites())
    )


def _unit(row: Any) -> dict[str, Any]:
    unit: Unit = row[0]
    return _without_none(
        code=unit.code,
        site=row[1],
        name=unit.name,
        name_en=unit.name_en,
        type=unit.type,
        profile=row[2],
    )


def _sensors(scope: Scope) -> Any:
    return (
        select(Sensor, Unit.code)
        .join(Attachment, (Attachment.sensor_id == Sensor.id) & Attachment.until_at.is_(None))
        .join(Unit, Unit.id == Attachment.unit_id)
        .join(Site, Site.id == Unit.site_id)
        .where(scope.sites())
    )


def _sensor(row: Any) -> dict[str, Any]:
    sensor: Sensor = row[0]
    return _without_none(
        code=sensor.code,
        unit=row[1],
        interval_s=sensor.interval_s,
        silence_s=sensor.silence_s,
    )


def _product(row: Any) -> dict[str, Any]:
    product: Product = row[0]
    return _without_none(
        gtin=product.gtin,
        name=product.name,
        name_en=product.name_en,
        manufacturer=product.manufacturer,
        doses_per_pack=product.doses_per_pack,
        storage={"min_celsius": product.min_celsius, "max_celsius": product.max_celsius},
        freeze_sensitive=product.is_freeze_sensitive,
        vvm=product.vvm,
        budget=product.budget,
    )


def _contacts(scope: Scope) -> Any:
    if scope.site is not None:  # One site sees whom its own division tells.
        own = select(Site.division_code).where(scope.sites())
        return select(Contact).where(Contact.division_code.in_(own))
    return select(Contact).where(is_within(Contact.division_code, scope.division))


def _contact(row: Any) -> dict[str, Any]:
    contact: Contact = row[0]
    return _without_none(
        email=contact.email,
        name=contact.name,
        division=contact.division_code,
        language=contact.language,
        level=contact.level,
    )


def _division(row: Any) -> dict[str, Any]:
    division: Division = row[0]
    return _without_none(code=division.code, name=division.name, name_en=division.name_en)


def _profiles(scope: Scope) -> Any:
    """Profiles that hold somewhere in scope: of its places, of those above, of the country."""
    profiles = select(Profile).where(Profile.until_at.is_(None))
    if scope.is_country:
        return profiles
    inside = select(Site.code).where(scope.sites())
    above = [*division_chain(scope.division), ""] if scope.division else [""]
    return profiles.where(
        or_(
            Profile.site_code.in_(inside),
            Profile.site_code.is_(None)
            & or_(
                Profile.division_code.in_(above), is_within(Profile.division_code, scope.division)
            ),
        )
    )


def _profile(row: Any) -> dict[str, Any]:
    profile: Profile = row[0]
    return _without_none(
        code=profile.code,
        division=profile.division_code or None,
        site=profile.site_code,
        rules=profile.rules,
        valid_from=profile.from_at,
    )


def _without_none(**document: Any) -> dict[str, Any]:
    return {name: value for name, value in document.items() if value is not None}


_PROFILE_KEY = (
    Profile.code + " " + Profile.division_code + " " + func.coalesce(Profile.site_code, "")
)
_NOUNS: dict[str, _Noun] = {
    "division": _Noun(lambda _: select(Division), Division.code, _division),
    "site": _Noun(_sites, Site.code, _site),
    "unit": _Noun(_units, Unit.code, _unit),
    "sensor": _Noun(_sensors, Sensor.code, _sensor),
    "product": _Noun(lambda _: select(Product), Product.gtin, _product),
    "contact": _Noun(_contacts, Contact.email + " " + Contact.division_code, _contact),
    "profile": _Noun(_profiles, _PROFILE_KEY, _profile),
}
