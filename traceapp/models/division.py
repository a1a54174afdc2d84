"""Administrative divisions of China, GB/T 2260."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, String
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.models.base import Base


class Division(Base):
    """A province, city or county; its parent follows from its six digits."""

    __tablename__ = "division"

    code: Mapped[str] = mapped_column(String(6), primary_key=True)
    name: Mapped[str]
    name_en: Mapped[str | None]


def division_chain(code: str) -> list[str]:
    """A GB/T 2260 division and all above it: 451481 → 451481, 451400, 450000."""
    return list(dict.fromkeys((code, code[:4] + "00", code[:2] + "0000")))


def division_prefix(code: str) -> str:
    """The digits that a division and all below it begin with: 450000 → 45, 451400 → 4514.

    GB/T 2260 fills a province's and a city's code up with pairs of zeros.
    """
    while code.endswith("00"):
        code = code[:-2]
    return code


def is_within(column: Any, division: str) -> ColumnElement[bool]:
    """The condition that `column` names a division or one below it; "" is the whole country."""
    condition: ColumnElement[bool] = column.startswith(division_prefix(division), autoescape=True)
    return condition
