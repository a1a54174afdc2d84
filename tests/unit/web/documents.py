"""Documents of contract §5 made by hand, as the pages get them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from math import sin
from typing import Any

from tests.unit.web.finding_documents import LOT as LOT
from tests.unit.web.finding_documents import history

START = datetime(2021, 5, 8, 4, 0, tzinfo=UTC)


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def excursion(**changed: Any) -> dict[str, Any]:
    """Return an ended alarm of a warm night."""
    return {
        "id": 12,
        "unit": "PX-FY-01",
        "site": "4514810001",
        "rule": "hot",
        "level": "alarm",
        "side": "above",
        "state": "ended",
        "started_at": at(9),
        "triggered_at": at(9.25),
        "ended_at": at(14),
        "peak_celsius": 17.4,
        "minutes": 300.0,
        "unknown_minutes": 20.0,
        "revision": 3,
        "late": False,
        "revisions": [
            {"revision": 1, "revised_at": at(9.3), "state": "open", "peak_celsius": 8.6},
            {"revision": 2, "revised_at": at(12), "state": "open", "peak_celsius": 14.1},
        ],
        **changed,
    }


def exposure(**changed: Any) -> dict[str, Any]:
    """Return the exposure of a stretch that was warm for a while."""
    return {
        "observed_minutes": 2880.0,
        "unknown_minutes": 20.0,
        "minutes_above": 300.0,
        "minutes_below": 0.0,
        "degree_minutes_above": 1410.5,
        "min_celsius": 3.1,
        "max_celsius": 17.4,
        "mean_kinetic_celsius": 6.02,
        "vvm_life_used": 0.031,
        "frozen": False,
        "budget_used": 0.25,
        **changed,
    }


def series() -> dict[str, Any]:
    """Return a day of one refrigerator: a warm night and two hours that nobody measured."""
    points = []
    for minute in range(0, 24 * 60, 10):
        hour = minute / 60
        if 17 <= hour < 19:
            continue
        warm = max(0.0, 13 - abs(hour - 11.5) * 3.4) if 8 < hour < 15 else 0.0
        points.append({"at": at(hour), "celsius": 4.4 + 0.9 * sin(hour * 3) + warm, "sensor": "A"})
    return {
        "unit": "PX-FY-01",
        "from": at(0),
        "to": at(24),
        "points": points,
        "limits": {"min_celsius": 2.0, "max_celsius": 8.0},
        "excursions": [excursion(), excursion(id=11, level="notice", rule="warm")],
        "silences": [{"from": at(17), "until": at(19)}],
    }


def overview() -> dict[str, Any]:
    """Return a district with one alarm."""
    units = [
        ("PX-FY-01", 17.4, "alarm"),
        ("PX-FY-02", 4.2, "fine"),
        ("PX-YZ-01", 1.2, "alarm"),
        ("PX-YZ-02", 8.4, "notice"),
        ("GX-TRUCK-07", None, "silent"),
    ]
    return {
        "counts": {"sites": 8, "units": 15, "sensors": 18, "lots": 3, "doses": 1240},
        "units": [
            {
                "unit": unit,
                "site": "4514810001",
                "last_at": at(24),
                "last_celsius": celsius,
                "state": state,
            }
            for unit, celsius, state in units
        ],
        "open_excursions": [
            excursion(state="open", ended_at=None),
            excursion(id=13, side="below", peak_celsius=-0.7, state="open", ended_at=None),
            excursion(id=14, side="silence", peak_celsius=None, state="open", ended_at=None),
            excursion(id=15, level="notice", state="open", ended_at=None, late=True),
        ],
        "outbox": {"waiting": 1, "sent": 7, "failed": 0},
        "rejections": 2,
    }


def source() -> dict[str, Any]:
    """Return where the lot was made."""
    return {
        "manufacturer": "北京科兴中维",
        "release": "SC-2021-0147",
        "made_on": date(2021, 4, 2),
        "expires_on": date(2022, 4, 1),
    }


def stock() -> dict[str, Any]:
    budget = [{"above_celsius": 8.0, "minutes": 90.0, "allowed_minutes": 600.0}]
    life = {
        "budget": budget,
        "vvm_life_used": 0.031,
        "frozen": False,
        "unknown_minutes": 20.0,
    }
    row = {
        "lot": LOT,
        "unit": "PX-FY-01",
        "doses": 800,
        "expires_on": date(2022, 4, 1),
        "certain": life,
        "possible": None,
        "findings": [],
    }
    frozen = {"code": "frozen", "text": "可能已冻结 / It may be frozen"}
    aside = {**row, "possible": {**life, "frozen": True}, "findings": [frozen]}
    return {"site": "4514810001", "at": at(24), "use_first": [row], "do_not_use": [aside]}


def lot_events() -> dict[str, Any]:
    report = {
        "id": "e-1",
        "dose": "dose-1",
        "dose_at": at(26),
        "site": "4514810001",
        "onset_at": at(30),
        "reported_at": at(40),
        "events": ["fever", "anaphylaxis"],
        "seriousness": ["hospitalization"],
        "outcome": "recovered",
        "died_on": None,
        "reporter": "vaccinator",
        "has_description": True,
        "corrected_by": "e-2",
        "exposure": exposure(),
        "findings": [],
    }
    return {
        "lot": LOT,
        "doses_given": 1200,
        "reports": 1,
        "serious": 1,
        "per_100000_doses": 83.33,
        "counts": [{"event": "fever", "reports": 1, "per_100000_doses": 83.33}],
        "items": [report],
    }


def dose_trace() -> dict[str, Any]:
    """Return a dose's way from the manufacturer to the injection."""
    return {
        "dose": {
            "id": "dose-1",
            "at": at(26),
            "site": "4514810001",
            "unit": "PX-FY-01",
            "lot": LOT,
            "pack": "81234567890123456789",
            "dose_number": 1,
            "vaccinator": "N-03",
            "recipient": {"name": "张*", "document": "4514**********1234"},
            "history": history(),
        },
        "lot": LOT,
        "source": source(),
        "path": [
            {
                "site": "4501000001",
                "unit": "GX-CDC-COLD-1",
                "from": at(-72),
                "until": at(-4),
                "certainty": "certain",
                "movement_in": "m-1",
                "movement_out": "m-2",
                "exposure": exposure(minutes_above=0.0, max_celsius=6.9, unknown_minutes=0.0),
            },
            {
                "site": "4514810001",
                "unit": "PX-FY-01",
                "from": at(2),
                "until": None,
                "certainty": "possible",
                "movement_in": "m-3",
                "movement_out": None,
                "exposure": exposure(),
            },
        ],
        "exposure": exposure(),
        "excursions": [excursion()],
        "findings": [{"code": "budget_exceeded", "text": "已超出允许值 / Used up"}],
    }


def hold() -> dict[str, Any]:
    """Return a hold of a whole county that was ended."""
    said = {"reason": "<b>", "by": "officer", "recorded_at": at(9)}
    return {
        "id": 1,
        "division": "451481",
        "division_name": "凭祥市",
        "site": None,
        "at": at(8),
        **said,
        "release": {"at": at(10), **said},
    }


BALANCE: dict[str, int | None] = dict.fromkeys(("wasted", "destroyed", "sampled", "adjusted"), 0)
BALANCE |= {"made": 10000, "received": 1190, "on_hand": 8990, "in_transit": 600}
BALANCE |= {"administered": 400, "unexplained": 10}


def lot_trace() -> dict[str, Any]:
    """Return a lot with a shipment that arrived short and one on its way."""
    return {
        "lot": LOT,
        "source": source(),
        "shipments": [
            {
                "from": "4501000001",
                "to": "4514810001",
                "shipped_at": at(-4),
                "received_at": at(2),
                "doses_shipped": 1200,
                "doses_received": 1190,
                "exposure": exposure(),
            },
            {
                "from": "4501000001",
                "to": "4514000001",
                "shipped_at": at(20),
                "received_at": None,
                "doses_shipped": 600,
                "doses_received": None,
                "exposure": None,
            },
        ],
        "next": None,
        "holdings": [{"site": "4514810001", "unit": "PX-FY-01", "doses": 800}],
        "balance": BALANCE,
        "balance_within": BALANCE | {"in_transit": None},
        "doses_administered": 400,
        "sites": ["4514810001"],
        "holds": [hold(), hold() | {"id": 2, "recall_class": 1, "release": None}],
        "findings": [],
    }


def impact() -> dict[str, Any]:
    """Return the blast radius of the warm night."""
    return {
        "excursion": excursion(),
        "lots": [
            {
                "lot": LOT,
                "doses_present": 900,
                "doses_on_hand_now": 800,
                "where_now": [{"site": "4514810001", "unit": "PX-FY-01", "doses": 800}],
                "exposure": exposure(),
                "certainty": "certain",
            }
        ],
        "doses": [
            {"id": "dose-1", "at": at(26), "site": "4514810001", "certainty": "certain"},
            {"id": "dose-2", "at": at(27), "site": "4514810001", "certainty": "possible"},
        ],
        "recipients": 2,
        "sites": ["4514810001"],
    }
