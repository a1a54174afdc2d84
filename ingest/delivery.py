"""What passes between the broker and the line, whatever broker it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Delivery(NamedTuple):
    """One message as the broker handed it over.

    `epoch` counts our connections: a delivery can be acknowledged only on the connection that
    brought it, because on another one its `mid` may name another message.
    """

    topic: bytes
    payload: bytes
    mid: int
    epoch: int
    qos: int = 1
    is_retained: bool = False
    is_repeated: bool = False


class BrokerRefused(Exception):
    """The broker said no: to our credentials, our client id, or our subscription."""


class Broker(Protocol):
    """The edge of the line: a real broker, or the one that tests hold in memory."""

    @property
    def is_connected(self) -> bool:
        """Whether the broker has accepted us and our subscription, as far as we know."""

    def take(self, most: int, wait_s: float) -> list[Delivery]:
        """Return what is there, at most about `most` messages; wait only while there is none."""

    def acknowledge(self, deliveries: Sequence[Delivery]) -> int:
        """Tell the broker, in order, to forget these; return how many it could still be told."""

    def publish(self, topic: str, payload: bytes) -> bool:
        """Hand over an answer of ours at QoS 1; False when nobody can take it now."""

    def unsubscribe(self, filters: Sequence[str]) -> None:
        """Let the session do without these topic filters from now on."""

    def tend(self) -> None:
        """Keep the connection alive while the line waits for something else."""

    def close(self) -> None:
        """Leave in peace: what was acknowledged is said, the session stays."""
