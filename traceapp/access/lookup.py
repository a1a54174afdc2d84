"""Any code in hand; that a person was found by a document is written down."""

from __future__ import annotations

from typing import Any

from traceapp.access.audit import audit
from traceapp.access.guard import visitor
from traceapp.doors import doors
from traceapp.problem import Problem
from traceapp.rules.symbol import ImageRefused, TooManyImages, read_symbols
from traceapp.trace.code import meanings_of
from traceapp.trace.lookup import resolve


def look_up_image(image: bytes) -> dict[str, Any]:
    """Return what the symbols in a photograph name; raises a Problem for what is no image."""
    try:
        symbols = read_symbols(image)
    except ImageRefused as refused:
        raise Problem(422, str(refused), {"image": [str(refused)]}) from refused
    except TooManyImages as busy:
        raise Problem(503, str(busy), headers={"Retry-After": "5"}) from busy
    items: dict[tuple[str, str], dict[str, str]] = {}
    meanings: list[dict[str, Any]] = []
    texts: list[str] = []
    for symbol in symbols:
        found = look_up(symbol.text)
        items |= {(one["kind"], one["url"]): one for one in found["items"]}
        meanings += [one for one in found["meanings"] if one not in meanings]
        if not any(one["kind"] == "recipient" for one in found["items"]):
            texts.append(symbol.text)  # That of a person would repeat the number.
    return {"items": list(items.values()), "next": None, "meanings": meanings, "symbols": texts}


def look_up(code: str) -> dict[str, Any]:
    """Return what a code names to whoever is asking, and what its form says it may be."""
    parts, who = doors(), visitor()
    with parts.database.read() as session:
        found = resolve(session, who.scope, code, parts.vault)
        meanings = meanings_of(session, who.scope, code)
    people = [one["code"] for one in found if one["kind"] == "recipient"]
    if people:
        with parts.database.begin() as session:
            audit(
                session, who.name, "find recipient", "by document", parts.clock(), {"doses": people}
            )
        meanings = []  # They would repeat the number.
    return {"items": found, "next": None, "meanings": meanings, "symbols": []}
