"""How a fact says on the wire that it corrects another one."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from schemas.fields import format_moment


class Correcting(NamedTuple):
    """That a fact corrects another: which, since when that is known, and why.

    With `is_void` it withdraws it: nothing of the kind happened.
    """

    code: str
    corrects: str
    corrected_at: datetime
    is_void: bool = False
    reason: str | None = None


def errors_of_correction(data: dict[str, Any]) -> dict[str, list[str]]:
    """What is missing or too much in the fields that say what a fact corrects."""
    errors: dict[str, list[str]] = {}
    if "corrects" not in data:
        for name in ("corrected_at", "void"):
            if name in data:
                errors[name] = ["Expected no such field without corrects."]
        return errors
    if data["corrects"] == data.get("id"):
        errors["corrects"] = [f"Expected the id of another fact, got {data['corrects']}."]
    if "corrected_at" not in data:
        errors["corrected_at"] = ["Expected when it was found to be wrong, got nothing."]
    elif data["corrected_at"] < data["at"] and not data.get("void"):
        # Nobody can know before that it was otherwise; that it will not be, somebody may.
        got = format_moment(data["corrected_at"])
        errors["corrected_at"] = [f"Expected a moment not before at, got {got}."]
    if data.get("void") and "reason" not in data:
        errors["reason"] = ["Expected a reason for withdrawing it, got nothing."]
    return errors


def correcting(said: Any) -> Correcting | None:
    """What a movement or a dose corrects; None for one that is the first of its kind."""
    if said.corrects is None:
        return None
    return Correcting(said.id, said.corrects, said.corrected_at, bool(said.void), said.reason)
