"""What a run is told: how many kills, of what, and who publishes how much."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

STEP = timedelta(minutes=1)
CONTACTS = {"duty@cdc.example": "alarm", "deputy@cdc.example": "notice"}
DIVISION = "451481"


@dataclass(frozen=True)
class Plan:
    """One run. The same plan offers the same readings; the kills fall where the clock has them."""

    kills: int = 25
    pace_s: float = 1.0
    """Seconds between two kills, on average."""
    seed: int = 2021
    publishers: int = 3
    gateways: int = 2
    rate: float = 40.0
    """Readings a second of each publisher and each gateway, while things are killed."""
    readings: int = 120
    """Readings of one sensor; then its publisher goes on with other sensors."""
    ingesters: int = 1
    """Of several, the last one stands by, and the others share the sites."""
    fault: str = ""
    """A fault that lasts, instead of the kills."""
    fault_s: float = 20.0
    broker: str = "mosquitto"
    trusts_puback: bool = False
    """The negative control: a publisher that forgets a reading once the broker has taken it."""
    is_hurried: bool = False
    """Let the leases of killed alert senders lapse at once, and not after their five minutes."""
    patience_s: float = 900.0
    """How long each thing that must come at the end is waited for."""
    began_at: str = ""

    @property
    def settle_s(self) -> float:
        """After so long without a change it is quiet; who trusts a PUBACK is told of no end."""
        return 15.0 if self.trusts_puback else 2.0

    @property
    def sources(self) -> list[str]:
        """The names of publishers and gateways, each of which is a site."""
        plain = [f"P{number}" for number in range(1, self.publishers + 1)]
        return plain + [f"G{number}" for number in range(1, self.gateways + 1)]

    @property
    def partitions(self) -> str:
        """How several ingesters share the sites, as TRACEAPP_PARTITIONS has it."""
        shares = self.ingesters - 1
        parts = [f"p{share}={','.join(self.sources[share::shares])}" for share in range(shares)]
        return ";".join(parts)

    @property
    def waves(self) -> int:
        """How many sets of sensors are registered for each source: more than can be needed."""
        seconds = self.kills * self.pace_s * 2 + self.fault_s * bool(self.fault) + 20
        return int(seconds * self.rate / (self.readings * len(SENSORS))) + 3

    @property
    def last_at(self) -> datetime:
        """About when every sensor of the run measured last."""
        return datetime.fromisoformat(self.began_at) - timedelta(minutes=40)

    def started(self, now: datetime) -> Plan:
        """The same plan, begun now."""
        return replace(self, began_at=now.astimezone(UTC).replace(microsecond=0).isoformat())

    def save(self, folder: Path) -> None:
        """Write the plan where the publishers find it."""
        (folder / "plan.json").write_text(json.dumps(asdict(self), indent=2), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Plan:
        """Read what `save` wrote."""
        return cls(**json.loads((folder / "plan.json").read_text(encoding="utf-8")))


@dataclass(frozen=True)
class Kind:
    """One sensor of each wave: the unit that it stands in, and what is peculiar to it."""

    name: str
    unit: str
    silence_s: int | None = 172_800
    """Two days, so that the time until its publisher gets to it is no silence; None: 15 min."""
    has_gaps: bool = False
    skips_a_number: bool = False


#: Two probes of one unit, one that skips a number, and one that falls silent.
SENSORS = (
    Kind("a", "ab"),
    Kind("b", "ab"),
    Kind("c", "c", skips_a_number=True),
    Kind("d", "d", silence_s=None, has_gaps=True),
)


def sensor_code(source: str, wave: int, kind: Kind) -> str:
    """The code of a sensor, under which it is registered and publishes."""
    return f"{source}-{wave}-{kind.name}"


def unit_code(source: str, wave: int, kind: Kind) -> str:
    """The code of the unit that a sensor stands in."""
    return f"{source}-{wave}-unit-{kind.unit}"


def registry(plan: Plan) -> str:
    """Every place, sensor and contact of a run, as ``traceapp registry load`` takes them."""
    documents: list[dict[str, Any]] = [
        {"kind": "division", "code": "450000", "name": "广西壮族自治区"},
        {"kind": "division", "code": DIVISION, "name": "凭祥市"},
    ]
    documents += [
        {"kind": "contact", "email": email, "name": email, "division": DIVISION, "level": level}
        for email, level in CONTACTS.items()
    ]
    for source in plan.sources:
        documents.append(
            {"kind": "site", "code": source, "name": source, "type": "clinic", "division": DIVISION}
        )
        for wave in range(plan.waves):
            documents += _wave(source, wave)
    return "".join(json.dumps(document, ensure_ascii=False) + "\n" for document in documents)


def _wave(source: str, wave: int) -> list[dict[str, Any]]:
    units = {unit_code(source, wave, kind) for kind in SENSORS}
    documents: list[dict[str, Any]] = [
        {"kind": "unit", "code": unit, "site": source, "name": unit, "type": "refrigerator"}
        for unit in sorted(units)
    ]
    for kind in SENSORS:
        code, unit = sensor_code(source, wave, kind), unit_code(source, wave, kind)
        document = {"kind": "sensor", "code": code, "unit": unit, "interval_s": 60}
        silence = {} if kind.silence_s is None else {"silence_s": kind.silence_s}
        documents.append(document | silence)
    return documents
