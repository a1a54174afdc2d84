"""What the label in hand says against itself, or against the record."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from traceapp.models.lot import Lot
from traceapp.rules.calendar import CHINA
from traceapp.rules.gs1 import has_right_check_digit
from traceapp.rules.label import Doubts, doubts_about_code
from traceapp.trace.finding import finding


def findings_of_code(text: str | None, lot: Lot | None, at: datetime) -> list[dict[str, Any]]:
    """What is doubtful about a pack's code (None where none was said), and its lot's, at `at`.

    Whether the lot is expired is said elsewhere where the record tells: here where only the label
    does.
    """
    doubts = doubts_about_code(text) if text is not None else Doubts()
    codes = list(doubts.codes)
    if lot is not None and not has_right_check_digit(lot.gtin) and "check_digit" not in codes:
        codes.append("check_digit")
    found = [finding(code) for code in codes]
    recorded = lot.expires_on if lot is not None else None
    if not doubts.expires_on or recorded in doubts.expires_on:
        return found
    label, today = min(doubts.expires_on), at.astimezone(CHINA).date()
    if recorded is not None:
        told = {"label": label.isoformat(), "recorded": recorded.isoformat()}
        found.append(finding("label_expiry_differs", **told))
    if label < today and (recorded is None or recorded >= today):
        found.append(finding("lot_expired", day=label.isoformat()))
    return found
