"""The telemetry line's only speaker of MQTT: paho, turned by our own loop.

There is no network thread. Whoever calls `take` reads the socket, and no further than the batch
that was asked for: what we hold in memory is bounded, what we do not take stays with the broker,
and an exception in a callback leaves through `take` and ends the process.
"""

from __future__ import annotations

import contextlib
import random
import select
import socket
import struct
import time
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

import structlog
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from config.addresses import BrokerAddress
from ingest.delivery import BrokerRefused, Delivery
from ingest.read_ahead import ReadAhead

#: MQTT has no filter that leaves topics out, so our own acks and rejections come back with the
#: rest; they are dropped unseen. A narrower filter would leave unknown topics without an answer.
SUBSCRIPTION = "coldchain/v1/#"
KEEPALIVE_S = 60
#: A connection that lived this long was a good one: the next back-off starts small again.
_GOOD_CONNECTION_S = 10.0
_LONGEST_DELAY_S = 30.0
#: A batch ends here even when fewer messages were asked for than came: memory is bounded in bytes.
_MOST_BYTES = 8 * 1024 * 1024
_MOST_KEPT = 1_000
_MOST_UNSENT_ANSWERS = 20_000
_PUBACK = 0x40

log = structlog.get_logger("ingest.broker")


class _Client(mqtt.Client):
    """paho with a faster way in and out; the contract tests hold both to a real broker."""

    receive: Callable[[int, bytes], None]

    def _create_socket(self) -> Any:
        sock: Any = super()._create_socket()
        with contextlib.suppress(OSError, AttributeError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return ReadAhead(sock)

    def read_publishes(self, sock: Any, most: int) -> None:
        """Receive at most so many PUBLISH packets that are there already, past paho's parser."""
        if self._in_packet["command"] or self._in_packet["have_remaining"]:
            return  # paho is in the middle of a packet.
        for command, packet in islice(sock.publishes(), most):
            self.receive(command, packet)

    def read_one(self) -> None:
        """Let paho read one packet; its `loop_read` takes one for each answer that waits."""
        result = self._packet_read()
        if result > 0:
            self._loop_rc_handle(result)

    def _handle_publish(self) -> MQTTErrorCode:
        self.receive(self._in_packet["command"], bytes(self._in_packet["packet"]))
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def ack_all(self, mids: Sequence[int]) -> None:
        """Send the PUBACKs of many messages in one write, in the order given."""
        packets = b"".join(struct.pack("!BBH", _PUBACK, 2, mid) for mid in mids)
        self._packet_queue(_PUBACK, packets, 0, 1)


class MqttBroker:
    """A persistent QoS-1 session with a real broker, acknowledged by hand."""

    def __init__(
        self,
        address: BrokerAddress,
        client_id: str,
        filters: Sequence[str] = (SUBSCRIPTION,),
        dropped: Sequence[str] = (),
    ) -> None:
        """Speak for a session with these topic filters, and without those that were `dropped`."""
        self._address = address
        self._filters, self._dropped = list(filters), list(dropped)
        self._epoch = 0
        self._inbox: list[Delivery] = []
        self._inbox_bytes = 0
        self._is_accepted = self._is_subscribed = self._has_session = False
        self._is_leaving = False
        self._connected_at = 0.0
        self._next_try_at = 0.0
        self._delay_s = 0.0
        self._client = self._make_client(client_id)

    def _make_client(self, client_id: str) -> _Client:
        client = _Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=False,
            protocol=MQTTProtocolVersion.MQTTv311,
            manual_ack=True,
        )
        client.receive = self._receive
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.max_inflight_messages_set(1_000)
        client.max_queued_messages_set(_MOST_UNSENT_ANSWERS)
        if self._address.username is not None:
            client.username_pw_set(self._address.username, self._address.password)
        if self._address.tls:
            client.tls_set()
        client.connect_async(self._address.host, self._address.port, keepalive=KEEPALIVE_S)
        return client

    @property
    def is_connected(self) -> bool:
        """Whether the broker has accepted us and our subscription, as far as we know."""
        return self._is_subscribed

    def take(self, most: int, wait_s: float) -> list[Delivery]:
        """Return what is there, at most about `most` messages; wait only while there is none."""
        if self._client.socket() is None and not self._connect(wait_s):
            return []
        self._read(most)
        if not self._inbox:
            self._wait(wait_s)
            self._read(most)
        self._client.loop_misc()
        taken, self._inbox, self._inbox_bytes = self._inbox, [], 0
        return taken

    def acknowledge(self, deliveries: Sequence[Delivery]) -> int:
        """Send PUBACKs in order, but none for what an earlier connection brought."""
        mids = [d.mid for d in deliveries if d.qos and d.epoch == self._epoch]
        if not mids or not self._is_accepted:
            return 0
        self._client.ack_all(mids)
        return len(mids)

    def publish(self, topic: str, payload: bytes) -> bool:
        """Publish an answer at QoS 1; False when nobody can take it now."""
        if not self._is_accepted:
            return False
        return self._client.publish(topic, payload, qos=1).rc == MQTTErrorCode.MQTT_ERR_SUCCESS

    def unsubscribe(self, filters: Sequence[str]) -> None:
        """Let the session do without these from now on, at once or from the next connection."""
        self._filters = [kept for kept in self._filters if kept not in filters]
        self._dropped += filters
        if self._is_accepted:
            self._client.unsubscribe(list(filters))

    def tend(self) -> None:
        """Answer and send pings while the line waits; what comes meanwhile is kept, bounded."""
        self._read(_MOST_KEPT)
        self._client.loop_misc()

    def close(self) -> None:
        """Write what is still to be said, say goodbye, and keep the session at the broker."""
        self._is_leaving = True
        until = time.monotonic() + 2
        while self._client.want_write() and self._client.socket() and time.monotonic() < until:
            self._wait(0.1)
        self._client.disconnect()

    def _connect(self, wait_s: float) -> bool:
        """Try again when the back-off allows it; otherwise sleep at most `wait_s`."""
        early_s = self._next_try_at - time.monotonic()
        if early_s > 0:
            time.sleep(min(early_s, wait_s))
            return False
        self._delay_s = min(max(1.0, self._delay_s * 2), _LONGEST_DELAY_S)
        jitter = random.uniform(0.5, 1)  # noqa: S311 - spreading attempts is no secret
        self._next_try_at = time.monotonic() + self._delay_s * jitter
        try:
            self._client.reconnect()
        except OSError as error:
            log.warning("broker_unreachable", error=str(error), again_in_s=round(self._delay_s, 1))
            return False
        return True

    def _read(self, most: int) -> None:
        """Let paho parse until the batch is full or the socket has nothing more."""
        client = self._client
        sock: Any = client.socket()
        if sock is None:
            return
        sock.is_dry = False
        while (
            not sock.is_dry
            and client.socket() is sock
            and len(self._inbox) < most
            and self._inbox_bytes < _MOST_BYTES
        ):
            client.read_publishes(sock, most - len(self._inbox))
            if len(self._inbox) < most:
                client.read_one()

    def _wait(self, wait_s: float) -> None:
        """Sleep until the socket has something for us or takes something from us."""
        sock: Any = self._client.socket()
        if sock is None:
            return
        writers = [sock] if self._client.want_write() else []
        _, writable, _ = select.select([sock], writers, [], wait_s)
        if writable:
            self._client.loop_write()

    def _receive(self, command: int, packet: bytes) -> None:
        """Keep one PUBLISH packet: topic length, topic, message id unless QoS 0, payload."""
        if len(packet) < 2:
            raise BrokerRefused("Expected a PUBLISH packet from the broker, got fewer bytes.")
        start = 2 + int.from_bytes(packet[:2], "big")
        qos = command >> 1 & 3
        mid = int.from_bytes(packet[start : start + 2], "big") if qos else 0
        payload = packet[start + 2 :] if qos else packet[start:]
        topic = packet[2:start]
        is_retained, is_repeated = bool(command & 1), bool(command & 8)
        self._inbox.append(
            Delivery(topic, payload, mid, self._epoch, qos, is_retained, is_repeated)
        )
        self._inbox_bytes += len(packet)

    def _on_connect(
        self, client: mqtt.Client, _data: Any, flags: Any, reason: Any, _properties: Any
    ) -> None:
        if reason.is_failure:
            if str(reason) == "Server unavailable":
                return
            raise BrokerRefused(f"The broker refused the connection: {reason}.")
        # A session's messages may come before the SUBACK, and wait to be acknowledged.
        self._is_accepted = True
        self._epoch += 1
        self._connected_at = time.monotonic()
        self._has_session = bool(flags.session_present)
        if self._epoch > 1 and not flags.session_present:
            log.error("session_lost", meaning="what the broker held for us is gone")
        # Asked for each time: a session that lived through an upgrade knows only the old filters.
        if self._filters:
            client.subscribe([(topic_filter, 1) for topic_filter in self._filters])
        else:
            self._note_subscribed()
        if self._dropped:
            client.unsubscribe(self._dropped)

    def _on_subscribe(
        self, _client: mqtt.Client, _data: Any, _mid: int, reasons: Any, _properties: Any
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            refused = next(f for f, r in zip(self._filters, reasons, strict=False) if r.is_failure)
            raise BrokerRefused(f"The broker refused the subscription to {refused}.")
        # Said only now: what is published before the subscription stands passes us by.
        self._note_subscribed()

    def _note_subscribed(self) -> None:
        self._is_subscribed = True
        log.info("connected", epoch=self._epoch, has_session=self._has_session)

    def _on_disconnect(
        self, _client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any
    ) -> None:
        self._is_accepted = self._is_subscribed = False
        if self._connected_at and time.monotonic() - self._connected_at >= _GOOD_CONNECTION_S:
            self._delay_s = 0.0
        tell = log.info if self._is_leaving else log.warning
        tell("disconnected", reason=str(reason))
