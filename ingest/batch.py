"""Messages that are settled together, sorted by whether we know their sensors by heart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ingest.decode import Known, Said, decode, decode_known
from ingest.delivery import Delivery
from traceapp.capture.topics import Topics


class Batch(NamedTuple):
    """Deliveries, and what they say: readings of sensors known by heart, and all the rest."""

    deliveries: Sequence[Delivery]
    known: list[Known]
    said: list[Said]


def hear(deliveries: Sequence[Delivery], names: Topics) -> Batch:
    """Decode deliveries; `names` are the topics of sensors known by heart, with their ids."""
    known: list[Known] = []
    said: list[Said] = []
    for delivery in deliveries:
        topic, payload = delivery.topic, delivery.payload
        sensor_id = names.get(topic)
        quick = None if sensor_id is None else decode_known(sensor_id, topic, payload)
        if quick is None:
            said.append(decode(topic, payload))
        else:
            known.append(quick)
    return Batch(deliveries, known, said)
