"""What a code in hand may be: one meaning each, in the parts that a label has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

SCHEMES = (
    "element_string",
    "digital_link",
    "gtin",
    "sscc",
    "trace_code",
    "text",
)
#: What is odd about a code, though it can be read: a finding, and no reason to refuse it.
HINTS = ("check_digit", "impossible_date", "separator_lost", "compressed_link")


@dataclass(frozen=True, slots=True)
class Meaning:
    """One thing that a code may be; `code` is it as it was read, cleaned of how it was typed."""

    scheme: str
    code: str
    gtin: str | None = None
    lot: str | None = None
    serial: str | None = None
    expires_on: date | None = None
    made_on: date | None = None
    sscc: str | None = None
    asset: str | None = None
    hints: tuple[str, ...] = ()

    @property
    def is_label(self) -> bool:
        """Whether it names a product, a pack or a case by GS1's own keys."""
        return self.scheme in ("element_string", "digital_link", "sscc")

    @property
    def pack_key(self) -> str | None:
        """The one name of the pack or case that it means, however it is written.

        None for what all packs of a lot, or of a product, bear alike.
        """
        if self.gtin is not None and self.serial is not None:
            return f"s:{self.gtin}:{self.serial}"
        if self.sscc is not None:
            return f"c:{self.sscc}"
        if self.asset is not None and len(self.asset) > 14:  # a GRAI without serial is a type
            return f"a:{self.asset}"
        if self.scheme == "trace_code":
            return f"t:{self.code}"
        return f"p:{self.code}" if self.scheme == "text" else None


def same_pack(key: str, gtins: Iterable[str | None]) -> set[str]:
    """The keys that are one pack: its label's, and its serial alone as of these products."""
    kind, _, name = key.partition(":")
    if kind == "s":
        return {key, f"p:{name.partition(':')[2]}"}
    return {key, *(f"s:{gtin}:{name}" for gtin in gtins if kind == "p" and gtin)}
