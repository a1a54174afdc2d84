"""What those who only look do not see of other people."""

from __future__ import annotations

from typing import Any

from traceapp.access.role import OFFICERS


def mask_address(address: str) -> str:
    """Return `d***@cdc.example` for `duty@cdc.example`."""
    name, _, host = address.partition("@")
    return f"{name[:1]}***@{host}"


def mask_mails(excursion: dict[str, Any], role: str) -> dict[str, Any]:
    """Return an excursion's document as a role may see it."""
    if role in OFFICERS:
        return excursion
    mails = [
        {**mail, "email": mask_address(mail["email"]), "last_error": None}
        for mail in excursion["mails"]
    ]
    return {**excursion, "mails": mails}
