"""What every schema of ours has in common, and what a refusal looks like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from marshmallow import RAISE, Schema, ValidationError

from schemas.fields import got


class Document(Schema):
    """A JSON object of the contract: unknown fields are refused by name."""

    class Meta:
        unknown = RAISE

    error_messages = {
        "unknown": "Unknown field.",
        "type": "Expected a JSON object.",
    }


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something was not taken: a reason code, the field, what was expected, what came."""

    reason: str
    field: str = ""
    expected: str = ""
    got: str = ""


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
