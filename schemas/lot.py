"""How a lot is named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from marshmallow import post_load

from schemas.document import Document
from schemas.fields import Code, Digits


@dataclass(frozen=True, slots=True)
class LotKey:
    """A product's GTIN-14 and the number of one of its lots."""

    gtin: str
    number: str


class LotKeySchema(Document):
    """`{"gtin": "06901234567892", "number": "202105C0147"}`."""

    gtin = Digits(14, required=True)
    number = Code(required=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> LotKey:
        return LotKey(**data)
