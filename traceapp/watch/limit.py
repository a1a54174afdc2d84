"""What products can bear, as the rules see it."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.models.product import Product
from traceapp.rules.exposure import FREEZING_CELSIUS, Limits
from traceapp.rules.hour import limits_within


def limits_of_product(product: Product | None) -> Limits:
    """What a product can bear; 2-8 °C and sensitive to frost where nobody registered it."""
    if product is None:
        return Limits()
    budget = {
        float(name.removeprefix("above_").removesuffix("_minutes")): float(minutes)
        for name, minutes in (product.budget or {}).items()
    }
    return Limits(
        product.min_celsius,
        product.max_celsius,
        product.is_freeze_sensitive,
        product.vvm,
        budget,
    )


def known_limits(session: Session) -> set[float]:
    """The temperatures at which it begins to matter to any product."""
    known = limits_within(Limits()) | {FREEZING_CELSIUS}
    for product in session.scalars(select(Product)):
        known |= limits_within(limits_of_product(product))
    return known
