"""From the buffer to the record: sent until acknowledged, and only then forgotten."""

from __future__ import annotations

import queue
from collections import deque
from dataclasses import dataclass

from sqlalchemy.exc import OperationalError

from traceapp.publish.buffer import Buffer, Kept
from traceapp.publish.client import ROOT, Connection, Document
from traceapp.publish.message import Message, group
from traceapp.publish.voice import Voice

_LONGEST_PATIENCE = 6
_REASON_S = 2.0
"""How long the report of a refusal may come after the acknowledgement that counts it."""


@dataclass(slots=True)
class Tally:
    """What became of what was sent in this run."""

    stored: int = 0
    repeated: int = 0
    refused: int = 0
    sent_again: int = 0

    @property
    def settled(self) -> int:
        return self.stored + self.repeated + self.refused


@dataclass(frozen=True, slots=True)
class Pace:
    """How much is sent at once, and how long an acknowledgement may take."""

    most_readings: int = 100
    most_messages: int = 16
    patience_s: float = 10.0


class Sender:
    """Keeps at most so many messages on their way, and repeats them until they are settled."""

    def __init__(self, site: str, buffer: Buffer, pace: Pace, run: str, voice: Voice) -> None:
        """`run` begins every `ref`, so that an answer to an earlier run is not taken for ours."""
        self.site, self.buffer, self.pace, self.run, self.voice = site, buffer, pace, run, voice
        self.answers: queue.Queue[tuple[str, Document]] = queue.Queue()
        self.tally = Tally()
        self._flying: dict[str, Message] = {}
        self._ready: deque[Message] = deque()
        self._acknowledged: list[int] = []
        self._unexplained: dict[str, tuple[float, Kept]] = {}
        self._count = 0
        self._cursor = 0
        self._sessions = 0

    def hear(self, topic: str, answer: Document) -> None:
        """Note an answer; called in the network's thread."""
        self.answers.put((topic, answer))

    @property
    def is_idle(self) -> bool:
        """Whether everything in the buffer is settled, and every refusal explained or told."""
        return not self.buffer.waiting and not self._unexplained

    def turn(self, connection: Connection, now: float, wait_s: float) -> None:
        """Hear what came, forget what is settled, send what is due."""
        self._hear_all(now, wait_s)
        self._forget_acknowledged()
        self._tell_unexplained(now)
        if connection.sessions != self._sessions:
            self._sessions = connection.sessions
            for message in self._flying.values():
                message.due_at = now
        if connection.is_ready:
            self._send_overdue(connection, now)
            self._send_new(connection, now)

    # ---- sending

    def _send_new(self, connection: Connection, now: float) -> None:
        while len(self._flying) < self.pace.most_messages:
            if not self._ready and not self._load():
                return
            message = self._ready.popleft()
            self._flying[message.ref] = message
            self._send(connection, message, now)

    def _send_overdue(self, connection: Connection, now: float) -> None:
        for message in self._flying.values():
            # What the broker has not taken yet, the connection itself repeats.
            if now >= message.due_at and message.is_taken():
                self.tally.sent_again += 1
                self._send(connection, message, now)

    def _send(self, connection: Connection, message: Message, now: float) -> None:
        message.times_sent += 1
        message.due_at = now + self.pace.patience_s * min(message.times_sent, _LONGEST_PATIENCE)
        topic = f"{ROOT}/{self.site}/{message.sensor}/readings"
        message.is_taken = connection.publish(topic, message.payload)

    def _load(self) -> bool:
        if self._cursor >= self.buffer.last_id:
            return False
        most = self.pace.most_readings * self.pace.most_messages
        kept = self.buffer.load(self._cursor, most)
        for part in group(kept, self.pace.most_readings):
            self._ready.append(self._message(part))
        self._cursor = kept[-1].id if kept else self.buffer.last_id
        return bool(self._ready)

    def _message(self, kept: list[Kept]) -> Message:
        self._count += 1
        return Message(f"{self.run}-{self._count}", kept)

    # ---- being answered

    def _hear_all(self, now: float, wait_s: float) -> None:
        try:
            topic, answer = self.answers.get(timeout=wait_s)
            while True:
                self._hear(topic, answer, now)
                topic, answer = self.answers.get_nowait()
        except queue.Empty:
            return

    def _hear(self, topic: str, answer: Document, now: float) -> None:
        if topic.endswith("/rejections"):
            self._hear_rejection(answer, now)
            return
        message = self._flying.get(str(answer.get("ref")))
        if message is None or topic != f"{ROOT}/{self.site}/{message.sensor}/acks":
            return
        counts = [answer.get(name) for name in ("stored", "repeated", "refused")]
        stored, repeated, refused = (n if type(n) is int and n >= 0 else 0 for n in counts)
        if refused:
            self._settle_refused(message, "", now)
        elif stored + repeated == len(message.kept):
            del self._flying[message.ref]
            self._acknowledged += [kept.id for kept in message.kept]
            self.tally.stored += stored
            self.tally.repeated += repeated

    def _hear_rejection(self, answer: Document, now: float) -> None:
        sha256, report = str(answer.get("sha256")), _told(answer)
        if sha256 in self._unexplained:
            _, kept = self._unexplained[sha256]
            del self._unexplained[sha256]
            try:
                self.buffer.explain(sha256, report)
            except OperationalError as error:
                self._tell_disk(error)
            self._tell_refused(kept, report)
            return
        for message in list(self._flying.values()):
            if message.sha256 == sha256:
                self._settle_refused(message, report, now)

    def _settle_refused(self, message: Message, report: str, now: float) -> None:
        """Put a refused reading aside; of several, send each alone to learn which it is."""
        if len(message.kept) > 1:
            del self._flying[message.ref]
            self._ready.extendleft(self._message([kept]) for kept in reversed(message.kept))
            return
        [kept] = message.kept
        try:
            self.buffer.refuse(kept, message.sha256, report)
        except OperationalError as error:
            self._tell_disk(error)  # It is sent again, and refused again.
            return
        del self._flying[message.ref]
        self.tally.refused += 1
        if report:
            self._tell_refused(kept, report)
        else:
            self._unexplained[message.sha256] = (now + _REASON_S, kept)

    def _forget_acknowledged(self) -> None:
        if not self._acknowledged:
            return
        try:
            self.buffer.release(self._acknowledged)
        except OperationalError as error:
            self._tell_disk(error)
            return
        self._acknowledged.clear()
        self.voice.end("forget", "The buffer can be written again.")

    def _tell_disk(self, error: OperationalError) -> None:
        self.voice.begin("forget", f"The buffer cannot be written: {error.orig}; waiting.")

    def _tell_unexplained(self, now: float) -> None:
        for sha256, (until, kept) in list(self._unexplained.items()):
            if now >= until:
                del self._unexplained[sha256]
                self._tell_refused(kept, "no reason came")

    def tell_all(self) -> None:
        """Tell of every refusal that nobody has explained, because we end."""
        self._tell_unexplained(float("inf"))

    def _tell_refused(self, kept: Kept, report: str) -> None:
        reading = kept.reading[:120].decode("utf-8", "replace")
        self.voice.say(f"Refused, kept in the buffer: {kept.sensor} {reading}: {report}")


def _told(answer: Document) -> str:
    """A rejection report in one line."""
    field = f" {answer['field']}" if answer.get("field") else ""
    return (
        f"{answer.get('reason')}{field}: expected {answer.get('expected')}, got {answer.get('got')}"
    )
