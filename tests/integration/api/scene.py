"""A scene for the API: two provinces, a lot that moved, a warm night, and doses given."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient

from tests.integration.country import REGISTRY, load_registry
from tests.integration.door import NOON, Door

GTIN, NUMBER = "06901234567892", "L1"
DOCUMENT = "451481199001011234"
_ELSEWHERE: list[dict[str, Any]] = [
    {"kind": "division", "code": "110000", "name": "北京市"},
    {"kind": "unit", "code": "MAKER-2", "site": "MAKER", "name": "2号库", "type": "cold_room"},
    {"kind": "sensor", "code": "M2", "unit": "MAKER-2", "interval_s": 600},
]


def moment(hours: float) -> str:
    """Return a moment some hours from noon, as the wire spells it."""
    return (NOON + timedelta(hours=hours)).isoformat()


def movement(id: str, hours: float, step: str, **more: Any) -> dict[str, Any]:  # noqa: A002  wire's word
    """Return a movement of the scene's lot."""
    lot = {"gtin": GTIN, "number": NUMBER}
    return {"id": id, "at": moment(hours), "step": step, "lot": lot, "doses": 100, **more}


def dose(id: str, hours: float = -1, **more: Any) -> dict[str, Any]:  # noqa: A002  the wire's word
    """Return a dose that was given at the clinic."""
    return {
        "id": id,
        "at": moment(hours),
        "site": "CLINIC",
        "unit": "FRIDGE",
        "lot": {"gtin": GTIN, "number": NUMBER},
        "recipient": {"document": DOCUMENT, "document_type": "resident", "name": "张三丰"},
        "dose_number": 1,
        **more,
    }


MOVEMENTS = [
    movement("m1", -72, "commissioning", to="MAKER-1", expires_on="2022-05-01", release="R1"),
    movement("m2", -70, "shipping", **{"from": "MAKER-1", "to": "CDC"}),
    movement("m3", -50, "receiving", **{"from": "MAKER", "to": "CDC-1"}),
    movement("m4", -40, "shipping", **{"from": "CDC-1", "to": "CLINIC", "carrier": "TRUCK"}),
    movement("m5", -39, "receiving", **{"from": "CDC", "to": "FRIDGE"}),
]


def warm_night() -> dict[str, Any]:
    """Return the readings of the clinic's refrigerator: two hours above 8 °C."""
    readings = [
        {"at": moment(-10 + minute / 60), "celsius": 12.0 if 180 <= minute < 300 else 4.5}
        for minute in range(0, 590, 10)
    ]
    return {"sensor": "S1", "readings": readings}


def play(door: Door) -> FlaskClient:
    """Register everything, tell the story over HTTP, and return the administrator's client."""
    load_registry(door.database, [*REGISTRY, *_ELSEWHERE])
    admin = door.client(door.token("admin"))
    for path, body in (
        ("/api/v1/movements", MOVEMENTS),
        ("/api/v1/readings", warm_night()),
        ("/api/v1/doses", dose("d1")),
    ):
        answer = admin.post(path, json=body)
        assert answer.status_code == 201, answer.text
    return admin
