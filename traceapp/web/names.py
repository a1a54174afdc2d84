"""The names of places and products that one page shows, fetched once for the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flask import g
from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.models.product import Product
from traceapp.models.site import Site
from traceapp.models.unit import Unit
from traceapp.web.language import choose

_PLACES = ("site", "unit", "from", "to", "sites", "carrier")
_Names = dict[tuple[str, str], tuple[str, str | None]]


def learn_names(session: Session, *documents: Any) -> None:
    """Fetch the names of every site, unit and product that the documents of a page mention."""
    mentioned = set(_mentions(documents))
    names: _Names = {}
    for kind, table, key in (
        ("site", Site, Site.code),
        ("unit", Unit, Unit.code),
        ("product", Product, Product.gtin),
    ):
        query = select(key, table.name, table.name_en).where(key.in_(mentioned))
        names |= {(kind, code): (name, name_en) for code, name, name_en in session.execute(query)}
    g.names = names


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
