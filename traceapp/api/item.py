"""Lists of items judged one by one: what is good is taken, what is not is kept and told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from marshmallow import Schema, ValidationError
from sqlalchemy.orm import Session

from schemas.document import Refusal, first_refusal
from traceapp.capture.receipt import Receipt
from traceapp.capture.rejection import keep_rejection
from traceapp.problem import Problem


@dataclass(slots=True)
class Items:
    """The items of a body: the good ones, loaded, and why each other one is refused."""

    name: str
    came: Sequence[Any]
    good: list[Any] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    refused: list[tuple[int | None, Refusal]] = field(default_factory=list)


def load_items(came: Any, schema: Schema, name: str, most: int) -> Items:
    """Load each item by a schema; raises a Problem where there is no list of 1 to `most`."""
    if not isinstance(came, list) or not 1 <= len(came) <= most:
        size = f"{len(came)}" if isinstance(came, list) else "no list"
        message = f"Expected a list of 1 to {most} {name}, got {size}."
        raise Problem(422, message, {name: [message]})
    items = Items(name, came)
    for place, item in enumerate(came):
        try:
            items.good.append(schema.load(item))
            items.places.append(place)
        except ValidationError as error:
            items.refused.append((place, first_refusal(error, item).at_place(place)))
    return items


def keep_refused(
    session: Session, topic: str, items: Items, receipt: Receipt, now: datetime, site: str | None
) -> None:
    """Keep what was refused with its reason, and add it to the receipt.

    A conflict was kept by what found it, beside the fact that it contradicts.
    """
    found = [_placed(items, refusal) for refusal in receipt.refusals] + items.refused
    for place, refusal in found:
        if refusal.reason != "conflict":
            payload = msgspec.json.encode(items.came if place is None else items.came[place])
            keep_rejection(session, topic, payload, refusal, now, site)
    receipt.refusals[:] = [refusal for _, refusal in found]


def answer_receipt(
    items: Items, receipt: Receipt, *, is_kept: bool = True, **more: Any
) -> tuple[dict[str, Any], int]:
    """Return the receipt with 201 for news and 200 for what was known; raise where none was."""
    if not receipt.stored and not receipt.repeated:
        status = 409 if {one.reason for one in receipt.refusals} == {"conflict"} else 422
        errors: dict[str, list[str]] = {}
        for one in receipt.refusals:
            message = f"Expected {one.expected}, got {one.got}."
            errors.setdefault(one.field or items.name, []).append(message)
        told = "each is kept" if is_kept else "none is kept"
        raise Problem(status, f"None of the {items.name} was taken; {told}.", errors)
    document = {
        "stored": receipt.stored,
        "repeated": receipt.repeated,
        "refused": receipt.refused,
        "refusals": receipt.refusals,
        **more,
    }
    return document, 201 if receipt.stored else 200


def _placed(items: Items, refusal: Refusal) -> tuple[int | None, Refusal]:
    """Return a refusal of the record, with the place of its item among all that came."""
    counted, bare = refusal.split_place()
    if counted is None:
        return None, refusal
    place = items.places[counted]
    return place, bare.at_place(place)
