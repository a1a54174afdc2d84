"""What a topic of ours says: which site, which sensor, and what kind of message follows."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

from schemas.document import Refusal
from schemas.fields import CODE, got

#: What `rejection.topic` holds; a longer topic keeps its beginning and its digest.
_LONGEST_TOPIC = 512
_SHAPES = "coldchain/v1/SITE/SENSOR/readings, …/SENSOR/status or coldchain/v1/SITE/movements"
#: The last level of the topics that we speak on, by the number of levels.
_OURS = {(4, "acks"), (4, "rejections"), (5, "acks")}
_KINDS = {(4, "movements"): "movements", (5, "readings"): "readings", (5, "status"): "status"}


@dataclass(frozen=True, slots=True)
class Route:
    """A topic, understood: `kind` is readings, movements, status, ours, or refused.

    `site` and `sensor` are valid codes or None; `topic` can be stored and logged as it is.
    """

    kind: str
    topic: str
    site: str | None = None
    sensor: str | None = None
    refusal: Refusal | None = None


#: Sensors known by heart are not looked up here, and a route takes half a kilobyte.
@lru_cache(maxsize=8_192)
def read_topic(topic: bytes) -> Route:
    """The route of a topic; never raises: what is not understood is a route with a refusal."""
    shown = _storable(topic)
    try:
        levels = topic.decode("utf-8").split("/")
    except UnicodeDecodeError:
        return Route("refused", shown, refusal=_invalid("topic", "UTF-8", shown))
    site = levels[2] if len(levels) > 2 and CODE.match(levels[2]) else None
    shape = (len(levels), levels[-1])
    if levels[:2] != ["coldchain", "v1"] or shape not in _OURS | _KINDS.keys():
        refusal = Refusal("unknown_topic", "topic", _SHAPES, got(shown))
        return Route("refused", shown, site, refusal=refusal)
    if site is None:
        return Route("refused", shown, refusal=_invalid("topic.site", _A_CODE, levels[2]))
    if shape in _OURS:
        return Route("ours", shown, site)
    sensor = levels[3] if shape[0] == 5 else None
    if sensor is not None and not CODE.match(sensor):
        return Route("refused", shown, site, refusal=_invalid("topic.sensor", _A_CODE, sensor))
    return Route(_KINDS[shape], shown, site, sensor)


_A_CODE = "1-64 of A-Z a-z 0-9 . _ -"


def _invalid(field: str, expected: str, came: str) -> Refusal:
    return Refusal("invalid_topic", field, expected, got(came))


def _storable(topic: bytes) -> str:
    """The topic as text that every database and log takes: UTF-8, no NUL, at most 512 long."""
    text = topic.decode("utf-8", "backslashreplace").replace("\0", "\\0")
    if len(text) <= _LONGEST_TOPIC:
        return text
    digest = hashlib.sha256(topic).hexdigest()
    return f"{text[: _LONGEST_TOPIC - len(digest) - 1]}…{digest}"
