"""A shipment that arrived in two parts, short of some, as its page gets it."""

from __future__ import annotations

from typing import Any

from tests.unit.web.documents import LOT, at, exposure


def shipment() -> dict[str, Any]:
    """Return a shipment of which ten doses are still on their way, and two were returned."""
    first = {"id": "r-1", "at": at(2), "unit": "PX-FY-01", "document": "SO-1187"}
    return {
        "id": "s-1",
        "step": "shipping",
        "lot": LOT,
        "from": "4501000001",
        "to": "4514810001",
        "carrier": None,
        "document": "SO-1187",
        "shipped_at": at(-4),
        "in_force": True,
        "state": "partly_received",
        "doses_shipped": 1200,
        "doses_received": 1190,
        "doses_on_the_way": 10,
        "on_the_way_since": at(-4),
        "receipts": [
            {**first, "doses": 1000, "of_this": 1000},
            {**first, "id": "r-2", "at": at(26), "document": None, "doses": 200, "of_this": 190},
        ],
        "reported": [
            {"id": "x-1", "at": at(3), "step": "returning", "doses": 2, "reason": "<b>破损</b>"},
            {"id": "x-2", "at": at(3), "step": "wasting", "doses": 1, "reason": None},
        ],
        "exposure": exposure(),
        "findings": [
            {
                "code": "received_less",
                "text": "发货 1200 剂 / 1200 doses shipped",
                "movement": "s-1",
            }
        ],
    }
