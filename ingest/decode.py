"""Bytes become readings, movements, a status, or refusals: pure, and it never raises for data.

marshmallow is the contract and explains every refusal. The fast path takes only what marshmallow
takes, to the same values; anything else it leaves to the slow one (a property test holds this).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated, Any, NamedTuple, cast

import msgspec
from marshmallow import Schema, ValidationError

from ingest.topic import Route, read_topic
from schemas.document import NotJson, Refusal, first_refusal, kind_of, load_json, load_plain_json
from schemas.fields import MAX_INTEGER, got, is_seen, parse_moment
from schemas.message import MAX_PAYLOAD_BYTES, MAX_REF, STATUSES
from schemas.movement import Movement, MovementSchema
from schemas.packing import Packing
from schemas.reading import MAX_READINGS, Reading, ReadingSchema
from traceapp.capture.movement import MovementMessage
from traceapp.capture.reading import ReadingMessage
from traceapp.models.base import microseconds
from traceapp.rules.quiet import Measured

MAX_ITEMS = MAX_READINGS


@dataclass(frozen=True, slots=True)
class StatusMessage:
    """That a sensor's gateway came or went."""

    sensor: str
    status: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A payload, or one item of it, that was not taken, and why."""

    payload: bytes
    refusal: Refusal


@dataclass(slots=True)
class Said:
    """What one delivery says. `ref` asks for an answer; `ours` came back to us and says nothing."""

    route: Route
    topic: bytes
    payload: bytes
    readings: ReadingMessage | None = None
    movements: MovementMessage | None = None
    status: StatusMessage | None = None
    rejected: list[Rejected] = field(default_factory=list)
    ref: str | None = None
    places: Sequence[int] | None = None
    """Where in the list of the payload the good items stood; None where there was no list."""
    is_part: bool = False
    """Whether this is one item of a message that could not be recorded whole."""

    @property
    def is_ours(self) -> bool:
        return self.route.kind == "ours"


class Known(NamedTuple):
    """Well-formed readings on the topic of a sensor that we know by heart.

    `moments` are those of the readings, in microseconds since 1970.
    """

    sensor_id: int
    moments: list[int]
    readings: Sequence[Measured]
    ref: str | None
    topic: bytes
    payload: bytes


class _Refused(Exception):
    """A whole payload is refused; used inside this module only."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal)
        self.refusal = refusal


def decode(topic: bytes, payload: bytes) -> Said:
    """What a message on `topic` says; whatever is wrong with it is in `rejected`."""
    route = read_topic(topic)
    said = Said(route, topic, payload)
    try:
        _READERS[route.kind](said)
    except _Refused as refused:
        said.rejected.append(Rejected(payload, refused.refusal))
    return said


def decode_known(sensor_id: int, topic: bytes, payload: bytes) -> Known | None:
    """What a sensor known by heart says; None where marshmallow must look."""
    fast = _decode_well_formed(payload)
    if fast is None:
        return None
    ref, items, _ = fast
    try:
        moments = [_microseconds(item.at) for item in items]
    except ValueError:
        return None
    return Known(sensor_id, moments, items, ref, topic, payload)


def _read_readings(said: Said) -> None:
    sensor = cast("str", said.route.sensor)
    fast = decode_fast(said.payload)
    if fast is not None:
        said.ref, said.places, readings = fast
        said.readings = ReadingMessage(sensor, readings, said.topic)
        return
    good = _read_items(said, "readings", _READING)
    if good:
        said.readings = ReadingMessage(sensor, cast("Sequence[Reading]", good), said.topic)


def _read_movements(said: Said) -> None:
    good = _read_items(said, "movements", _MOVEMENT)
    if good:
        said.movements = MovementMessage(
            said.route.site, cast("Sequence[Movement | Packing]", good)
        )


def _read_status(said: Said) -> None:
    if said.payload not in _STATUSES:
        came = got(said.payload[:100].decode("utf-8", "backslashreplace"))
        raise _Refused(Refusal("invalid", "status", "online or offline", came))
    said.status = StatusMessage(cast("str", said.route.sensor), said.payload.decode())


def _read_nothing(_: Said) -> None:
    """Our own answers come back to us, because MQTT 3.1.1 cannot leave them out."""


def _refuse_topic(said: Said) -> None:
    raise _Refused(cast("Refusal", said.route.refusal))


_READERS = {
    "readings": _read_readings,
    "movements": _read_movements,
    "status": _read_status,
    "ours": _read_nothing,
    "refused": _refuse_topic,
}
_STATUSES = {status.encode() for status in STATUSES}
_READING = ReadingSchema()
_MOVEMENT = MovementSchema()


# ---- the slow path: one item, a list of items, or an envelope; each item judged for itself


def _read_items(said: Said, name: str, schema: Schema) -> list[Any]:
    """Load what is good; what is not goes to `said.rejected` with its place in the list."""
    if len(said.payload) > MAX_PAYLOAD_BYTES:
        came = f"{len(said.payload)} bytes"
        raise _Refused(Refusal("too_large", "", f"at most {MAX_PAYLOAD_BYTES} bytes", came))
    try:
        # Of readings the fast path takes the last of two values, and so must this one.
        document = (load_json if name == "readings" else load_plain_json)(said.payload)
    except NotJson as error:
        raise _Refused(error.refusal) from None
    if isinstance(document, dict) and name not in document:
        alone = _load(said, schema, document)
        return [] if alone is None else [alone]
    items = _items_of(said, document, name)
    if not 1 <= len(items) <= MAX_ITEMS:
        raise _Refused(Refusal("too_many" if items else "invalid", name,
                               f"1 to {MAX_ITEMS} {name}", f"{len(items)}"))  # fmt: skip
    loaded = [_load(said, schema, item, place) for place, item in enumerate(items)]
    said.places = [place for place, item in enumerate(loaded) if item is not None]
    return [loaded[place] for place in said.places]


def _items_of(said: Said, document: Any, name: str) -> list[Any]:
    """The items of a list or of an envelope `{"ref", NAME}`, whose `ref` is noted."""
    if isinstance(document, dict):
        unknown = sorted(document.keys() - {"ref", name})
        if unknown:
            came = kind_of(document[unknown[0]])
            raise _Refused(Refusal("unknown_field", unknown[0][:128], "no such field", came))
        if "ref" in document:
            said.ref = _ref_of(document["ref"])
        document = document[name]
    if not isinstance(document, list):
        raise _Refused(Refusal("invalid", "", f"an object or a list of {name}", got(document)))
    return document


def _ref_of(ref: Any) -> str:
    if not isinstance(ref, str) or len(ref) > MAX_REF:
        expected = f"text of at most {MAX_REF} characters"
        raise _Refused(Refusal("invalid", "ref", expected, got(ref)))
    return ref


def _load(said: Said, schema: Schema, item: Any, place: int | None = None) -> Any:
    try:
        return schema.load(item)
    except ValidationError as error:
        refusal = first_refusal(error, item)
        alone = Rejected(said.payload, refusal)
        if place is not None:
            alone = Rejected(msgspec.json.encode(item), refusal.at_place(place))
        said.rejected.append(alone)
        return None


# ---- the fast path


class _FastReading(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A reading as most sensors send it; an absent value is None and an explicit null refused."""

    at: str
    celsius: Annotated[float, msgspec.Meta(ge=-1e300, le=1e300)]
    power: bool = cast("bool", None)
    door_open: bool = cast("bool", None)
    humidity: Annotated[float, msgspec.Meta(ge=0, le=100)] = cast("float", None)
    battery: Annotated[float, msgspec.Meta(ge=0, le=100)] = cast("float", None)
    battery_volts: Annotated[float, msgspec.Meta(ge=0, le=1_000)] = cast("float", None)
    seq: Annotated[int, msgspec.Meta(ge=-MAX_INTEGER - 1, le=MAX_INTEGER)] = cast("int", None)
    boot: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] = cast("str", None)


_SomeReadings = Annotated[list[_FastReading], msgspec.Meta(min_length=1, max_length=MAX_ITEMS)]


class _FastEnvelope(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """Readings whose publisher waits for our answer."""

    readings: _SomeReadings
    ref: Annotated[str, msgspec.Meta(max_length=MAX_REF)] = cast("str", None)


_decode_one = msgspec.json.Decoder(_FastReading).decode
_decode_list = msgspec.json.Decoder(_SomeReadings).decode
_decode_envelope = msgspec.json.Decoder(_FastEnvelope).decode


def decode_fast(payload: bytes) -> tuple[str | None, Sequence[int] | None, list[Reading]] | None:
    """`(ref, places, readings)` where all is well; None where marshmallow must look."""
    fast = _decode_well_formed(payload)
    if fast is None:
        return None
    ref, items, is_list = fast
    try:
        return ref, range(len(items)) if is_list else None, [_make(item) for item in items]
    except ValueError:
        return None


def _decode_well_formed(payload: bytes) -> tuple[str | None, list[_FastReading], bool] | None:
    """`(ref, items, whether they came as a list)`, their moments not looked at yet, or None."""
    if len(payload) > MAX_PAYLOAD_BYTES:
        return None
    try:
        if payload[:1] == b"{" and b'"readings"' not in payload:
            ref, items, is_list = None, [_decode_one(payload)], False
        elif payload[:1] == b"[":
            ref, items, is_list = None, _decode_list(payload), True
        else:
            envelope = _decode_envelope(payload)
            ref, items, is_list = envelope.ref, envelope.readings, True
    except (msgspec.DecodeError, ValueError, RecursionError, OverflowError):
        return None
    for item in items:
        boot = cast("str | None", item.boot)
        if boot is not None and ("\0" in boot or not is_seen(boot)):
            return None
    return ref, items, is_list


@lru_cache(maxsize=8_192)
def _microseconds(moment: str) -> int:
    """A moment in microseconds since 1970; many sensors speak in the same second."""
    return microseconds(parse_moment(moment))


def _make(item: _FastReading) -> Reading:
    return Reading(
        parse_moment(item.at), item.celsius, item.power, item.door_open, item.humidity,
        item.battery, item.battery_volts, item.seq, item.boot,
    )  # fmt: skip
