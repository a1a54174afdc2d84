"""A recall's report made by hand."""

from __future__ import annotations

from typing import Any

from tests.unit.web.documents import LOT, at


def recall_report() -> dict[str, Any]:
    """Return the `recall` report: one site knows, one was told, one was not."""
    counts = {"held": 800, "in_transit": 0, "returned": 500, "destroyed": 0, "wasted": 20}
    more = {"on_hand": 270, "settled_percent": 65.0, "given": 120, "given_after": 10}
    people = {"recipients": 130, "revaccinated": 13, "revaccinated_percent": 10.0}
    nothing = dict.fromkeys((*counts, *more, *people), 0) | {"settled_percent": None}
    one = {**counts, **more, **people}
    told = {"notified_at": at(25), "reminders": 2, "acknowledged_at": None}
    county = {"division": "451481"}
    rows: list[dict[str, Any]] = [
        {"site": "4514810001", **county, **told, "acknowledged_at": at(26), **one},
        {"site": "4514000001", **county, **told, **nothing},
        {
            "site": "4501000001",
            **county,
            "notified_at": None,
            "reminders": 0,
            "acknowledged_at": None,
            **nothing,
        },
    ]
    share = {"notified_percent": 66.6, "acknowledged": 1, "acknowledged_percent": 33.3}
    recall = {
        "id": 7,
        "division": "450000",
        "division_name": "广西壮族自治区",
        "site": None,
        "recall_class": 1,
        "at": at(24),
        "reason": "sterility in doubt",
        "by": "officer",
        "recorded_at": at(24),
        "release": None,
    }
    total = {"sites": 3, "notified": 2, **share, **one}
    return {"lot": LOT, "recall": recall, "at": at(27), "total": total, "sites": rows}
