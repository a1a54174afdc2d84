"""A publisher that is never far ahead of the line, so that the broker need not hold much."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from tests.system.fuzz.messages import Message

_AHEAD = 3_000
_LOOK_EVERY = 500

Figures = dict[str, float]


def figures_of(metrics_url: str) -> Figures:
    """What the ingester counts, by `name{labels}`."""
    with urllib.request.urlopen(metrics_url, timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def settled(figures: Figures) -> int:
    """How many messages of publishers the line has settled; its own answers are not counted."""
    return sum(
        int(value)
        for name, value in figures.items()
        if name.startswith("ingest_messages_total{") and 'kind="ours"' not in name
    )


def publish(
    broker_url: str,
    messages: Iterable[Message],
    look: Callable[[], int],
    tell: Callable[[int], None] = lambda sent: None,
) -> int:
    """Publish all at QoS 1 and wait until `look` has seen them settled; returns how many.

    Raises TimeoutError when the line stands still.
    """
    address = urlsplit(broker_url)
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="fuzz")
    client.max_inflight_messages_set(500)
    # Waiting for the line may take longer than a broker waits for a sign of life.
    client.connect(address.hostname or "", address.port or 1883, keepalive=0)
    client.loop_start()
    sent = 0
    try:
        for message in messages:
            done = client.publish(message.topic, message.payload, qos=1)
            if done.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
                raise ConnectionError(f"Expected the broker to take a message, got {done.rc!r}.")
            sent += 1
            if sent % _LOOK_EVERY == 0:
                _wait(look, sent - _AHEAD)
                tell(sent)
        _wait(look, sent)
    finally:
        client.disconnect()
        client.loop_stop()
    return sent


def _wait(look: Callable[[], int], number: int, patience_s: float = 120) -> None:
    """Wait until so many are settled, as long as there is progress."""
    seen, since = look(), time.monotonic()
    while seen < number:
        time.sleep(0.02)
        now_seen = look()
        if now_seen > seen:
            seen, since = now_seen, time.monotonic()
        elif time.monotonic() - since > patience_s:
            raise TimeoutError(f"Expected {number} messages to be settled, {seen} are.")
