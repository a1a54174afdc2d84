"""A small district to register, and what its sites report: documents as outsiders write them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

MAKER, CDC, CLINIC = "MAKER-1", "GX-CDC", "4514810001"
MAKER_ROOM, CDC_ROOM, TRUCK, FRIDGE = "MAKER-COLD-1", "GX-CDC-COLD-1", "GX-TRUCK-07", "PX-FY-01"
FRIDGE_SENSOR, TRUCK_SENSOR, OTHER_SENSOR = "45-000017", "45-000099", "45-000018"
OTHER_FRIDGE = "PX-FY-02"
GTIN, LOT = "06901234567892", "202105C0147"
DUTY = "duty@cdc.example"
MADE, SENT = 1200, 100

REGISTRY: list[dict[str, Any]] = [
    {"kind": "division", "code": "110000", "name": "北京市", "name_en": "Beijing"},
    {"kind": "division", "code": "450000", "name": "广西壮族自治区", "name_en": "Guangxi"},
    {"kind": "division", "code": "451400", "name": "崇左市", "name_en": "Chongzuo"},
    {"kind": "division", "code": "451481", "name": "凭祥市", "name_en": "Pingxiang"},
    {
        "kind": "site",
        "code": MAKER,
        "name": "北京疫苗厂",
        "type": "manufacturer",
        "division": "110000",
    },
    {"kind": "site", "code": CDC, "name": "广西疾控中心", "type": "cdc", "division": "450000"},
    {
        "kind": "site",
        "code": CLINIC,
        "name": "凭祥市妇幼保健院接种点",
        "type": "clinic",
        "division": "451481",
    },
    {"kind": "unit", "code": MAKER_ROOM, "site": MAKER, "name": "冷库", "type": "cold_room"},
    {"kind": "unit", "code": CDC_ROOM, "site": CDC, "name": "冷库", "type": "cold_room"},
    {"kind": "unit", "code": TRUCK, "site": CDC, "name": "冷藏车", "type": "vehicle"},
    {
        "kind": "unit",
        "code": FRIDGE,
        "site": CLINIC,
        "name": "1号冰箱",
        "type": "refrigerator",
        "profile": "who-fridge",
    },
    {
        "kind": "unit",
        "code": OTHER_FRIDGE,
        "site": CLINIC,
        "name": "2号冰箱",
        "type": "refrigerator",
        "profile": "who-fridge",
    },
    {"kind": "sensor", "code": FRIDGE_SENSOR, "unit": FRIDGE, "interval_s": 300},
    {"kind": "sensor", "code": OTHER_SENSOR, "unit": OTHER_FRIDGE, "interval_s": 300},
    {"kind": "sensor", "code": TRUCK_SENSOR, "unit": TRUCK, "interval_s": 300},
    {
        "kind": "product",
        "gtin": GTIN,
        "name": "新型冠状病毒灭活疫苗（Vero细胞）",
        "name_en": "SARS-CoV-2 vaccine (Vero cell), inactivated",
        "manufacturer": "北京疫苗厂",
        "doses_per_pack": 1,
        "storage": {"min_celsius": 2, "max_celsius": 8},
        "freeze_sensitive": True,
        "vvm": "VVM7",
    },
    {"kind": "contact", "email": DUTY, "name": "值班", "division": "451481", "level": "alarm"},
]


def registry_lines() -> str:
    """Return the district as the file that ``traceapp registry load`` takes."""
    return "".join(json.dumps(document, ensure_ascii=False) + "\n" for document in REGISTRY)


def lot() -> dict[str, str]:
    """Return how a document names the lot."""
    return {"gtin": GTIN, "number": LOT}


def movement(step: str, at: datetime, doses: int, **more: Any) -> dict[str, Any]:
    """Return one movement of the lot; its id is its step and moment."""
    moment = at.isoformat()
    identity = {"id": f"{step}-{at.timestamp():.0f}", "at": moment, "step": step}
    return {**identity, "lot": lot(), "doses": doses, **more}


def way_to_the_clinic(arrives_at: datetime) -> list[tuple[str, dict[str, Any]]]:
    """Return the reports, with their reporters, that bring a part of the lot to the clinic."""

    def at(hours: int) -> datetime:
        return arrives_at - timedelta(hours=hours)

    made = {
        "to": MAKER_ROOM,
        "expires_on": f"{at(0) + timedelta(days=365):%Y-%m-%d}",
        "made_on": f"{at(72):%Y-%m-%d}",
        "release": "S202105147",
    }
    out, onward = {"from": MAKER_ROOM, "to": CDC}, {"from": CDC_ROOM, "to": CLINIC}
    return [
        (MAKER, movement("commissioning", at(72), MADE, **made)),
        (MAKER, movement("shipping", at(60), MADE, **out, document="SO-1186")),
        (CDC, movement("receiving", at(36), MADE, **{"from": MAKER, "to": CDC_ROOM})),
        (CDC, movement("shipping", at(4), SENT, **onward, carrier=TRUCK, document="SO-1187")),
        (CLINIC, movement("receiving", at(0), SENT, **{"from": CDC, "to": FRIDGE})),
    ]


def dose(identity: str, at: datetime) -> dict[str, Any]:
    """Return one injection at the clinic."""
    return {
        "id": identity,
        "at": at.isoformat(),
        "site": CLINIC,
        "unit": FRIDGE,
        "lot": lot(),
        "recipient": {
            "document": "451481199001011232",
            "document_type": "resident_id",
            "name": "张伟",
            "born_on": "1990-01-01",
            "sex": "male",
        },
        "dose_number": 1,
    }
