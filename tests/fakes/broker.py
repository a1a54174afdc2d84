"""A broker held in memory, with one persistent session: ours."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from ingest.delivery import Delivery


class FakeBroker:
    """Both ends: tests speak to it as publishers do, the line takes from it as from a broker.

    Like a real one it keeps what was not acknowledged, and hands it over again, marked as
    repeated and before anything newer, when the connection is another one.
    """

    def __init__(self, window: int = 20) -> None:
        self.window = window
        self.heard: list[tuple[str, bytes]] = []
        self.is_reachable = True
        self.is_deaf = False  # Acknowledgements get lost on the way.
        self.is_connected = False
        self.unsubscribed: list[str] = []
        self._epoch = 0
        self._last_mid = 0
        self._queue: deque[Delivery] = deque()
        self._in_flight: dict[int, Delivery] = {}

    # ---- as publishers and operators see it

    def send(self, topic: str | bytes, payload: bytes | str, *, is_retained: bool = False) -> None:
        """Publish a message at QoS 1."""
        name = topic.encode() if isinstance(topic, str) else topic
        content = payload.encode() if isinstance(payload, str) else payload
        self._queue.append(Delivery(name, content, 0, 0, 1, is_retained))

    def cut(self) -> None:
        """End the connection without ending the session."""
        self.is_connected = False
        waiting = [delivery._replace(is_repeated=True) for delivery in self._in_flight.values()]
        self._queue.extendleft(reversed(waiting))
        self._in_flight.clear()

    @property
    def unacknowledged(self) -> int:
        """How many messages the broker still holds for us."""
        return len(self._queue) + len(self._in_flight)

    # ---- as the line sees it (ingest.delivery.Broker)

    def take(self, most: int, wait_s: float) -> list[Delivery]:
        """Return what is there, no more than the window allows; a fake never waits."""
        if not self.is_connected:
            if not self.is_reachable:
                return []
            self.is_connected = True
            self._epoch += 1
        taken: list[Delivery] = []
        while self._queue and len(taken) < most and len(self._in_flight) < self.window:
            self._last_mid += 1
            delivery = self._queue.popleft()._replace(mid=self._last_mid, epoch=self._epoch)
            self._in_flight[delivery.mid] = delivery
            taken.append(delivery)
        return taken

    def acknowledge(self, deliveries: Sequence[Delivery]) -> int:
        """Forget these, unless an earlier connection brought them."""
        known = [d for d in deliveries if d.epoch == self._epoch and self.is_connected]
        if self.is_deaf:
            return len(known)
        for delivery in known:
            del self._in_flight[delivery.mid]
        return len(known)

    def publish(self, topic: str, payload: bytes) -> bool:
        """Hear an answer, if the connection stands; like every subscriber, we hear it too."""
        if not self.is_connected:
            return False
        self.heard.append((topic, payload))
        self.send(topic, payload)
        return True

    def unsubscribe(self, filters: Sequence[str]) -> None:
        """Note what the session is to do without."""
        self.unsubscribed += filters

    def tend(self) -> None:
        """A fake connection needs nothing."""

    def close(self) -> None:
        """End the connection; the session stays."""
        self.cut()
