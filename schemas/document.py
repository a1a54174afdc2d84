"""What every schema of ours has in common, and what a refusal looks like."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import msgspec
from marshmallow import RAISE, Schema, ValidationError, fields

from schemas.fields import got

_PLACE = re.compile(r"\[(\d+)\]\.?(.*)", re.DOTALL)
_GOT = re.compile(r",? got ", re.IGNORECASE)
_MOST_LEVELS = 32
_TOO_DEEP = f"more than {_MOST_LEVELS} levels of lists and objects"
_FIELD = re.compile(r"[a-z_]{1,32}\Z")
#: What may be told of what came, even where that was personal: that it was nothing of the kind.
_TELLING_NOTHING = re.compile(r"(nothing|null|text|a number|a list|true or false)\.?\Z")
#: What our fields say where marshmallow's own words would name neither what was expected nor what
#: came.
_PLAIN = {
    "required": "Expected this field, got nothing.",
    "null": "Expected a value, got null.",
}


class Document(Schema):
    """A JSON object of the contract: unknown fields are refused by name."""

    #: Whether no body at all says the same as an object without fields.
    may_be_left_out: ClassVar[bool] = False

    class Meta:
        unknown = RAISE

    error_messages = {
        "unknown": "Unknown field.",
        "type": "Expected a JSON object.",
    }

    def on_bind_field(self, field_name: str, field_obj: Any) -> None:
        """Let a field that is missing or null say so in our words."""
        field_obj.error_messages |= _PLAIN
        if isinstance(field_obj, fields.List):
            field_obj.error_messages["invalid"] = "Expected a list."
            self.on_bind_field(field_name, field_obj.inner)

    def handle_error(self, error: ValidationError, data: Any, **_: Any) -> None:
        """Say what kind of value came in place of an object."""
        if not isinstance(data, Mapping):
            error.messages = {"_schema": [f"Expected a JSON object, got {kind_of(data)}."]}


class PrivateDocument(Document):
    """What is known of a person: a complaint says what was expected, and never what came."""

    def handle_error(self, error: ValidationError, data: Any, **_: Any) -> None:
        """Take out of the complaints what came, and names that nobody of ours gave a field."""
        super().handle_error(error, data)
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
    expected, *came = _GOT.split(str(messages), maxsplit=1)
    if came and _TELLING_NOTHING.match(came[0]):
        return str(messages)
    return expected.rstrip(".") + "."


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

    @property
    def refusal(self) -> Refusal:
        return Refusal("not_json", "", "JSON in UTF-8", str(self)[:256])


class NameRepeated(NotJson):
    """JSON with an object that says one name twice: which of both is meant, nobody can tell."""

    def __init__(self, name: str) -> None:
        self.field = name if _FIELD.match(name) else ""
        super().__init__("Expected each name once in an object, got one twice.")

    @property
    def refusal(self) -> Refusal:
        return Refusal("invalid", self.field, "each name once in an object", "one twice")


def load_json(payload: bytes | str) -> Any:
    """Decode JSON strictly: UTF-8, no NaN, no lone surrogates, nothing after the value.

    Raises NotJson, which says where it went wrong. What is nested deeper than anything of ours
    is refused here: whoever looked at it again, in a deeper call, might not get through it.
    """
    try:
        document = msgspec.json.decode(payload)
    except RecursionError as error:
        raise NotJson(_TOO_DEEP) from error
    except (msgspec.DecodeError, UnicodeDecodeError, OverflowError) as error:
        raise NotJson(str(error)[:200]) from error
    if _is_deep(document):
        raise NotJson(_TOO_DEEP)
    return document


def _is_deep(document: Any) -> bool:
    """Whether lists and objects are nested in more levels than `_MOST_LEVELS`."""
    level = [document]
    for _ in range(_MOST_LEVELS + 1):
        level = [
            below
            for one in level
            if isinstance(one, dict | list)
            for below in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return True


def load_plain_json(payload: bytes) -> Any:
    """Decode JSON strictly, each name once in an object; raises NotJson or NameRepeated."""
    document = load_json(payload)
    json.loads(payload, object_pairs_hook=_each_once, parse_int=str, parse_float=str)
    return document


def _each_once(pairs: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise NameRepeated(name)
        seen.add(name)


def kind_of(value: Any) -> str:
    """What kind of JSON value came, where the value itself may be anything, even personal."""
    if value is None:
        return "null"
    kinds = {bool: "true or false", str: "text", dict: "an object", list: "a list"}
    return kinds.get(type(value), "a number")


def first_refusal(error: ValidationError, document: Any, reason: str = "invalid") -> Refusal:
    """The first complaint of a ValidationError, as a Refusal."""
    path, message = _first(error.messages, ())
    is_there, value = _came(document, path)
    expected, *told = _GOT.split(message, maxsplit=1)
    expected = expected.removeprefix("Expected ").rstrip(".")
    field = ".".join(str(step) for step in path if step != "_schema")
    if message == "Unknown field.":
        return Refusal("unknown_field", field[:128], "no such field", kind_of(value))
    came = told[0].removesuffix(".") if told else got(value) if is_there else "nothing"
    return Refusal(reason, field[:128], expected[:256], came)


def _came(document: Any, path: tuple[Any, ...]) -> tuple[bool, Any]:
    """Whether anything stands at that place of a document, and what."""
    value = document
    for step in path:
        if step == "_schema":
            break
        is_in_list = isinstance(value, list) and isinstance(step, int) and step < len(value)
        if not is_in_list and not (isinstance(value, Mapping) and step in value):
            return False, None
        value = value[step]
    return True, value


def _first(messages: Any, path: tuple[Any, ...]) -> tuple[tuple[Any, ...], str]:
    while isinstance(messages, Mapping):
        step, messages = next(iter(messages.items()))
        path = (*path, step)
    return path, str(messages[0] if isinstance(messages, list) and messages else messages)
