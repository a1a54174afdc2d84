"""What lay in which case, from when until when: a fold over packings in event time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from traceapp.rules.episode import END_OF_TIME


@dataclass(frozen=True, slots=True)
class PackingFact:
    """Packs that went into a case, or came out of it; without `children` all came out."""

    code: str
    at: datetime
    is_in: bool
    parent: int
    children: tuple[int, ...] = ()

    @property
    def place_in_time(self) -> tuple[datetime, bool, str]:
        """What orders facts, never the order of their arrival; at one moment first out, then in."""
        return self.at, self.is_in, self.code


@dataclass(frozen=True, slots=True)
class Held:
    """A pack was in a case during [since, until], both moments included."""

    child: int
    parent: int
    since: datetime
    until: datetime = END_OF_TIME


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What cannot be of a packing: a code of trace/finding.py, and the pack that it is about."""

    finding: str
    fact: str
    pack: int


class Containment:
    """Where packs were packed, by all facts that name them or what they were packed in."""

    def __init__(self, facts: Iterable[PackingFact]) -> None:
        self.held: dict[int, list[Held]] = {}
        self.contradictions: list[Contradiction] = []
        self._in: dict[int, tuple[int, datetime]] = {}
        for fact in sorted(facts, key=lambda fact: fact.place_in_time):
            self._put_in(fact) if fact.is_in else self._take_out(fact)
        for child, (parent, since) in self._in.items():
            self.held.setdefault(child, []).append(Held(child, parent, since))

    def _put_in(self, fact: PackingFact) -> None:
        for child in fact.children:
            if child in self._around(fact.parent):
                self._contradict("packed_in_itself", fact, child)
                continue
            parent, _ = self._in.get(child, (fact.parent, fact.at))
            if parent != fact.parent:
                # The later fact stands: it cannot be in both, and it was seen here.
                self._contradict("in_two_cases", fact, child)
                self._end(child, fact.at)
            self._in.setdefault(child, (fact.parent, fact.at))

    def _take_out(self, fact: PackingFact) -> None:
        inside = [child for child, (parent, _) in self._in.items() if parent == fact.parent]
        for child in fact.children or inside:
            if child in inside:
                self._end(child, fact.at)
            else:
                self._contradict("not_in_case", fact, child)

    def _around(self, pack: int) -> Iterator[int]:
        """The pack and all that it is in now, from the inside out."""
        while True:
            yield pack
            if pack not in self._in:
                return
            pack, _ = self._in[pack]

    def _end(self, child: int, at: datetime) -> None:
        parent, since = self._in.pop(child)
        self.held.setdefault(child, []).append(Held(child, parent, since, at))

    def _contradict(self, finding: str, fact: PackingFact, child: int) -> None:
        self.contradictions.append(Contradiction(finding, fact.code, child))

    def around(self, pack: int) -> list[Held]:
        """Every case that a pack was in, also in other cases, and from when until when."""
        found: list[Held] = []
        left = [Held(pack, pack, datetime.min.replace(tzinfo=END_OF_TIME.tzinfo))]
        seen: set[Held] = set()
        while left:
            inner = left.pop()
            for outer in self.held.get(inner.parent, ()):
                since, until = max(inner.since, outer.since), min(inner.until, outer.until)
                both = Held(pack, outer.parent, since, until)
                if since <= until and both not in seen:
                    seen.add(both)
                    found.append(both)
                    left.append(both)
        return sorted(found, key=lambda one: (one.since, one.until, one.parent))
