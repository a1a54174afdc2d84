"""A gateway's connection to a broker (paho lives here): what it sends, hears and leaves behind."""

from __future__ import annotations

import json
import secrets
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from config import BrokerAddress
from config.invalid import without_password

ROOT = "coldchain/v1"
PARTING_S = 1.0
"""How long a goodbye may take to reach the broker."""

Document = dict[str, object]
OnAnswer = Callable[[str, Document], None]
#: Whether the broker has acknowledged one message (which says nothing about the record).
IsTaken = Callable[[], bool]


class BrokerUnreachable(Exception):
    """The broker refused us or could not be reached."""


class Connection:
    """One connection at QoS 1 over MQTT 3.1.1, made again by itself whenever it is lost."""

    def __init__(self, url: str, topics: Sequence[str], on_answer: OnAnswer) -> None:
        """`on_answer` is called with each JSON object under `topics`, in the network's thread."""
        try:
            address = BrokerAddress.of(url)
        except ValueError:
            raise BrokerUnreachable(
                f"Expected mqtt://host:port or mqtts://host:port, got {without_password(url)}"
            ) from None
        self.host, self.port = address.host, address.port
        self.sessions = 0
        """How many times we were connected; another number means that answers may be missing."""
        self.trouble = "no answer"
        """Why there is no connection, in words; empty while there is one."""
        self._topics, self._on_answer = list(topics), on_answer
        self._changed = threading.Condition()
        self._refusal = ""
        self._online: set[str] = set()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"gateway-{secrets.token_hex(4)}",
            protocol=mqtt.MQTTv311,
        )
        if address.username is not None:
            self._client.username_pw_set(address.username, address.password)
        if address.tls:
            self._client.tls_set()
        self._listen()

    def _listen(self) -> None:
        client = self._client
        client.reconnect_delay_set(1, 10)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message

    def leave_will(self, sensor: str) -> None:
        """Have the broker say `offline` for this "site/sensor" if we vanish; before connecting."""
        self._client.will_set(f"{ROOT}/{sensor}/status", "offline", qos=1, retain=True)

    def open(self, wait_s: float = 20.0) -> None:
        """Connect and subscribe now, or raise BrokerUnreachable."""
        try:
            self._client.connect(self.host, self.port, keepalive=30)
        except OSError as failure:
            raise BrokerUnreachable(
                f"Expected a broker at {self.host}:{self.port}, got: {failure}"
            ) from None
        self._client.loop_start()
        with self._changed:
            self._changed.wait_for(lambda: self.is_ready or bool(self._refusal), wait_s)
            if self.is_ready:
                return
            got = self._refusal or "no answer"
        self._client.loop_stop()
        raise BrokerUnreachable(f"Expected {self.host}:{self.port} to accept us, got: {got}")

    def open_patiently(self) -> None:
        """Connect as soon as there is a broker, however long that takes."""
        self._client.connect_async(self.host, self.port, keepalive=30)
        self._client.loop_start()

    @property
    def is_ready(self) -> bool:
        """Whether we are connected and hear the answers."""
        return not self.trouble

    def publish(self, topic: str, payload: bytes) -> IsTaken:
        """Send a message; what comes back tells whether the broker has taken it."""
        sent = self._client.publish(topic, payload, qos=1)

        def is_taken() -> bool:
            try:
                return sent.is_published()
            except (RuntimeError, ValueError):  # It was published while there was no connection.
                return True

        return is_taken

    def announce(self, sensors: Sequence[str]) -> None:
        """Leave a retained `online` for each "site/sensor", and again after each reconnection."""
        self._online.update(sensors)
        if self._client.is_connected():
            self._leave_status(sensors, "online")

    def close(self) -> None:
        """Say goodbye for every sensor and leave."""
        if self._client.is_connected():
            for sent in self._leave_status(sorted(self._online), "offline"):
                with suppress(RuntimeError, ValueError):  # The connection is gone meanwhile.
                    sent.wait_for_publish(PARTING_S)
        self._client.disconnect()
        self._client.loop_stop()

    def _leave_status(self, sensors: Sequence[str], status: str) -> list[mqtt.MQTTMessageInfo]:
        return [
            self._client.publish(f"{ROOT}/{sensor}/status", status, 1, retain=True)
            for sensor in sensors
        ]

    def _on_connect(
        self,
        client: mqtt.Client,
        _userdata: object,
        _flags: object,
        reason: ReasonCode,
        *_rest: object,
    ) -> None:
        if reason.is_failure:
            self._change(refusal=str(reason))
            return
        client.subscribe([(topic, 1) for topic in self._topics])
        if self._online:
            self._leave_status(sorted(self._online), "online")

    def _on_connect_fail(self, *_rest: object) -> None:
        error = sys.exception()  # The library calls this while it handles the error.
        reason = error.strerror if isinstance(error, OSError) else None
        self._change(trouble=reason or str(error or "it cannot be reached"))

    def _on_subscribe(
        self,
        _client: object,
        _userdata: object,
        _mid: object,
        reasons: list[ReasonCode],
        *_: object,
    ) -> None:
        if reasons and reasons[0].is_failure:
            self._change(refusal=f"it does not let us hear {self._topics[0]}")
            return
        self.sessions += 1
        self._change(trouble="")

    def _on_disconnect(self, *_rest: object) -> None:
        if not self.trouble:
            self._change(trouble="the connection was lost")

    def _change(self, *, trouble: str = "", refusal: str = "") -> None:
        with self._changed:
            self.trouble = refusal or trouble
            self._refusal = refusal
            self._changed.notify_all()

    def _on_message(self, _client: object, _userdata: object, message: mqtt.MQTTMessage) -> None:
        try:
            answer = json.loads(message.payload)
        except (ValueError, RecursionError):
            return
        if isinstance(answer, dict):
            self._on_answer(message.topic, answer)
