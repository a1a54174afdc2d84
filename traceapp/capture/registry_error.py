"""What the registry refuses."""

from __future__ import annotations

from datetime import datetime

from schemas.fields import format_moment


class RegistryError(ValueError):
    """A registry document that names something unknown; `field` says where."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def past(field: str, moment: datetime, now: datetime) -> datetime:
    """A moment since when something holds. Raises RegistryError for one that is yet to come."""
    if moment > now:
        came = format_moment(moment)
        raise RegistryError(field, f"Expected a moment that is not in the future, got {came}.")
    return moment
