"""A small registry: a maker, a county's CDC with a truck, a clinic with two fridges."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from schemas.registry import KINDS
from traceapp.capture.registry import register
from traceapp.db import Database

NOW = datetime(2021, 6, 1, tzinfo=UTC)
REGISTRY: list[dict[str, Any]] = [
    {"kind": "division", "code": "450000", "name": "广西壮族自治区"},
    {"kind": "site", "code": "MAKER", "name": "厂", "type": "manufacturer", "division": "110000"},
    {"kind": "site", "code": "CDC", "name": "县疾控", "type": "cdc", "division": "451481"},
    {"kind": "site", "code": "CLINIC", "name": "接种点", "type": "clinic", "division": "451481"},
    {"kind": "unit", "code": "MAKER-1", "site": "MAKER", "name": "库", "type": "cold_room"},
    {"kind": "unit", "code": "CDC-1", "site": "CDC", "name": "冷库", "type": "cold_room"},
    {"kind": "unit", "code": "TRUCK", "site": "CDC", "name": "冷藏车", "type": "vehicle"},
    {"kind": "unit", "code": "FRIDGE", "site": "CLINIC", "name": "1号", "type": "refrigerator"},
    {"kind": "unit", "code": "FRIDGE-2", "site": "CLINIC", "name": "2号", "type": "refrigerator"},
    {"kind": "sensor", "code": "S1", "unit": "FRIDGE", "interval_s": 600},
    {"kind": "sensor", "code": "S2", "unit": "FRIDGE", "interval_s": 600},
    {"kind": "sensor", "code": "T1", "unit": "TRUCK", "interval_s": 300},
    {"kind": "sensor", "code": "C1", "unit": "CDC-1", "interval_s": 600},
    {"kind": "product", "gtin": "06901234567892", "name": "疫苗", "manufacturer": "厂"},
    {"kind": "contact", "email": "duty@cdc.example", "division": "450000", "level": "alarm"},
    {"kind": "contact", "email": "both@cdc.example", "division": "451481", "level": "notice"},
]


def load_registry(database: Database, documents: list[dict[str, Any]]) -> None:
    with database.begin() as session:
        for document in documents:
            content = {key: value for key, value in document.items() if key != "kind"}
            kind = document["kind"]
            register(session, kind, KINDS[kind]().load(content), NOW)
