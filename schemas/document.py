"""What every schema of ours has in common, and what a refusal looks like."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from marshmallow import RAISE, Schema, ValidationError

from schemas.fields import got

_PLACE = re.compile(r"\[(\d+)\]\.?(.*)", re.DOTALL)
_GOT = re.compile(r",? got ", re.IGNORECASE)
_FIELD = re.compile(r"[a-z_]{1,32}\Z")


class Document(Schema):
    """A JSON object of the contract: unknown fields are refused by name."""

    class Meta:
        unknown = RAISE

    error_messages = {
        "unknown": "Unknown field.",
        "type": "Expected a JSON object.",
    }


class PrivateDocument(Document):
    """What is known of a person: a complaint says what was expected, and never what came."""

    def handle_error(self, error: ValidationError, data: Any, **_: Any) -> None:
        """Take out of the complaints what came, and names that nobody of ours gave a field."""
        messages = error.messages
        fields = messages if isinstance(messages, Mapping) else {"_schema": messages}
        error.messages = {
            key if _FIELD.match(str(key)) else "_schema": _without_what_came(found)
            for key, found in fields.items()
        }


def _without_what_came(messages: Any) -> Any:
    if isinstance(messages, Mapping):
        return {key: _without_what_came(found) for key, found in messages.items()}
    if isinstance(messages, list):
        return [_without_what_came(found) for found in messages]
    return _GOT.split(str(messages), maxsplit=1)[0].rstrip(".") + "."


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something was not taken: a reason code, the field, what was expected, what came."""

    reason: str
    field: str = ""
    expected: str = ""
    got: str = ""

    def at_place(self, place: int) -> Refusal:
        """The refusal said of one item of a list: `[2].at` is a field of the third."""
        name = f"[{place}].{self.field}" if self.field else f"[{place}]"
        return replace(self, field=name[:128])

    def split_place(self) -> tuple[int | None, Refusal]:
        """The place in a list and the refusal without it; None where no item was named."""
        found = _PLACE.match(self.field)
        if found is None:
            return None, self
        return int(found[1]), replace(self, field=found[2])


class NotJson(ValueError):
    """Bytes that are no JSON text in UTF-8."""


def load_json(payload: bytes | str) -> Any:
    """Decode JSON strictly: UTF-8, no NaN, no lone surrogates, nothing after the value.

    Raises NotJson, which says where it went wrong.
    """
    try:
        return msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OverflowError) as error:
        raise NotJson(str(error)[:200]) from error


def kind_of(value: Any) -> str:
    """What kind of JSON value came, where the value itself may be anything, even personal."""
    if value is None:
        return "null"
    kinds = {bool: "true or false", str: "text", dict: "an object", list: "a list"}
    return kinds.get(type(value), "a number")


def first_refusal(error: ValidationError, document: Any, reason: str = "invalid") -> Refusal:
    """The first complaint of a ValidationError, as a Refusal."""
    path, message = _first(error.messages, ())
    value = document
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    expected = message.split(", got ")[0].split(" Got ")[0].removeprefix("Expected ").rstrip(".")
    field = ".".join(str(step) for step in path if step != "_schema")
    if message == "Unknown field.":
        return Refusal("unknown_field", field[:128], "no such field", kind_of(value))
    if message.startswith("Missing data"):
        return Refusal(reason, field, "this field", "nothing")
    came = "nothing" if value is None else got(value)
    return Refusal(reason, field[:128], expected[:256], came)


def _first(messages: Any, path: tuple[Any, ...]) -> tuple[tuple[Any, ...], str]:
    while isinstance(messages, Mapping):
        step, messages = next(iter(messages.items()))
        path = (*path, step)
    return path, str(messages[0] if isinstance(messages, list) and messages else messages)
