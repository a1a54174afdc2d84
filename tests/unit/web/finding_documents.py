"""Findings and corrections made by hand, as the pages get them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

_START = datetime(2021, 5, 8, 4, 0, tzinfo=UTC)
LOT = {"gtin": "06901234567892", "number": "202105C0147"}


def at(hours: float) -> datetime:
    """Return a moment some hours after the start."""
    return _START + timedelta(hours=hours)


def findings() -> dict[str, Any]:
    """Return a page of findings: doses used too early, and a lot that nobody made."""
    early = {
        "code": "used_before_received",
        "text": "2 次使用或出库早于该单位收货 / Used or sent 2 times before it was received",
        "lot": LOT,
        "site": "4514810001",
        "count": 2,
        "first_at": at(20),
        "last_at": at(26),
        "examples": [
            {"at": at(26), "movement": None, "dose": "dose-1"},
            {"at": at(20), "movement": "m-1", "dose": None},
        ],
    }
    unmade = {"code": "lot_unknown", "text": "没有该批号的生产记录 / No record says it was made"}
    moments: dict[str, Any] = {"first_at": None, "last_at": None, "examples": []}
    return {"items": [early, {**early, **unmade, **moments, "site": None}], "next": "x"}


def history() -> list[dict[str, Any]]:
    """Return what was said of a dose: first wrongly, then again."""
    first = {
        "id": "dose-0",
        "corrects": None,
        "corrected_at": None,
        "withdraws": False,
        "reason": None,
        "in_force": False,
        "recorded_at": at(26),
    }
    correction = {"id": "dose-1", "corrects": "dose-0", "corrected_at": at(27), "in_force": True}
    return [first, {**first, **correction, "reason": "lot mistyped"}]
