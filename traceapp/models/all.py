"""Every table, for those who need them all at once: migrations and the checks of them."""

from __future__ import annotations

from traceapp.models import (  # noqa: F401  importing a model is what registers its table
    account,
    contact,
    division,
    dose,
    excursion,
    finding,
    heartbeat,
    lot,
    movement,
    outbox,
    partition,
    posting,
    product,
    profile,
    reading,
    rejection,
    sensor,
    site,
    stay,
    unit,
)
from traceapp.models.base import Base

metadata = Base.metadata
