"""Every table, for those who need them all at once: migrations and the checks of them."""

from __future__ import annotations

from traceapp.models import (  # noqa: F401  importing a model is what registers its table
    account,
    contact,
    division,
    dose,
    excursion,
    heartbeat,
    lot,
    movement,
    outbox,
    product,
    reading,
    rejection,
    sensor,
    site,
    unit,
)
from traceapp.models.base import Base

metadata = Base.metadata
