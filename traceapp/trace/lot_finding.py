"""What is wrong with a lot, whoever has it: it was never made, is expired, or was not kept well."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from traceapp.models.lot import Lot
from traceapp.rules.calendar import CHINA
from traceapp.rules.exposure import Limits
from traceapp.trace.exposure import Climate
from traceapp.trace.finding import finding, finding_of_unknown_way
from traceapp.trace.history import Stretch
from traceapp.trace.path import worst_exposure


def findings_of_lot(lot: Lot, is_made: bool, at: datetime) -> list[dict[str, Any]]:
    """That nobody made a lot, or that it was expired at a moment."""
    found = [] if is_made else [finding("lot_unknown")]
    # A day of expiry ends at midnight in China.
    if lot.expires_on and at.astimezone(CHINA).date() > lot.expires_on:
        found.append(finding("lot_expired", day=lot.expires_on.isoformat()))
    return found


def findings_of_exposure(
    stretches: Sequence[Stretch], climate: Climate, limits: Limits
) -> list[dict[str, Any]]:
    """What the way of the lot says; what is only possible counts too: better one too many."""
    if not stretches:
        return [finding_of_unknown_way()]
    found = []
    worst = worst_exposure(climate, stretches, limits)
    if worst.is_frozen:
        found.append(finding("frozen", celsius=worst.min_celsius))
    if (worst.budget_used(limits) or 0) > 1:
        found.append(finding("budget_exceeded"))
    if (worst.vvm_life_used or 0) >= 1:
        found.append(finding("vvm_used_up"))
    if worst.unknown_minutes > 0:
        found.append(finding("exposure_unknown", minutes=worst.unknown_minutes))
    return found
