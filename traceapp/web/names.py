"""The names of places and products that one page shows, fetched once for the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flask import g
from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.access.guard import visitor
from traceapp.models.product import Product
from traceapp.models.site import Site
from traceapp.models.unit import Unit
from traceapp.web.language import choose

_PLACES = ("site", "unit", "from", "to", "sites", "carrier")
_Names = dict[tuple[str, str], tuple[str, str | None]]


def learn_names(session: Session, *documents: Any) -> None:
    """Fetch the names of every site, unit and product that the documents of a page mention.

    A trace names units beyond the reader's scope; which of them lie within it is learnt too.
    """
    mentioned, scope = set(_mentions(documents)), visitor().scope
    names: _Names = {}
    reached: set[str] = set()
    products = select(Product.gtin, Product.name, Product.name_en)
    for gtin, name, name_en in session.execute(products.where(Product.gtin.in_(mentioned))):
        names["product", gtin] = name, name_en
    sites = select(Site.code, Site.name, Site.name_en).where(Site.code.in_(mentioned))
    for code, name, name_en in session.execute(sites):
        names["site", code] = name, name_en
    units = select(Unit.code, Unit.name, Unit.name_en, Site.code, Site.division_code)
    units = units.join(Site, Site.id == Unit.site_id).where(Unit.code.in_(mentioned))
    for code, name, name_en, site, division in session.execute(units):
        names["unit", code] = name, name_en
        if scope.sees_site(site, division):
            reached.add(code)
    g.names, g.units_reached = names, reached


def may_open(unit: str | None) -> bool:
    """Whether a unit that the page names has a page itself for whoever reads it."""
    return unit in g.get("units_reached", ())


def name_of(kind: str, code: str | None) -> str:
    """Return what people call a place or a product; its code where nobody named it."""
    if code is None:
        return "–"
    names: _Names = g.get("names") or {}
    name, name_en = names.get((kind, code), (code, None))
    return choose(name, name_en)


def _mentions(document: Any, key: str = "") -> Iterator[str]:
    """Yield every text that stands where the contract's documents put codes."""
    if isinstance(document, str):
        if key in _PLACES or key == "gtin":
            yield document
    elif isinstance(document, Mapping):
        for name, value in document.items():
            yield from _mentions(value, str(name))
    elif isinstance(document, Sequence) and not isinstance(document, bytes):
        for item in document:
            yield from _mentions(item, key)
