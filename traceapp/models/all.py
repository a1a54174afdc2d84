"""Every table, for those who need them all at once: migrations and the checks of them."""

from __future__ import annotations

from traceapp.models import (  # noqa: F401  importing a model is what registers its table
    account,
    adverse_event,
    contact,
    correction,
    division,
    dose,
    excursion,
    finding,
    forgotten,
    heartbeat,
    hold,
    lot,
    movement,
    outbox,
    pack_finding,
    packing,
    partition,
    posting,
    product,
    profile,
    reading,
    recall,
    rejection,
    sensor,
    site,
    stay,
    stock,
    unit,
    unit_day,
)
from traceapp.models.base import Base

metadata = Base.metadata


def is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Whether migrations look at it; the months of `reading` are made by `capture/month.py`."""
    return kind != "table" or name in metadata.tables or not str(name).startswith("reading_")
