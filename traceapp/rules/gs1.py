"""GS1 element strings and Digital Links, read with biip."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from biip import ParseError
from biip.gs1_digital_link_uris import GS1DigitalLinkURI
from biip.gs1_element_strings import GS1ElementString
from biip.gs1_messages import GS1Message

_SYMBOLOGY = re.compile(r"\][A-Za-z]\d")


@dataclass(frozen=True, slots=True)
class PackLabel:
    """What a label says of a pack: GTIN-14, lot, serial and the day of expiry."""

    gtin: str
    lot: str | None = None
    serial: str | None = None
    expires_on: date | None = None


def read_element_string(text: str) -> PackLabel | None:
    """The label behind an element string (raw with GS characters, or with brackets) or a
    Digital Link; None where the text is neither. Source: GS1 General Specifications, AI 01,
    10, 17, 21; GS1 Digital Link 1.2.
    """
    body = _SYMBOLOGY.sub("", text, count=1) if text.startswith("]") else text
    try:
        if body.lower().startswith(("http://", "https://")):
            return _label(GS1DigitalLinkURI.parse(body).element_strings)
        if body.startswith("("):
            return _label(GS1Message.parse_hri(body).element_strings)
        return _label(GS1Message.parse(body).element_strings)
    except (ParseError, ValueError):
        return None


def _label(strings: Iterable[GS1ElementString]) -> PackLabel | None:
    values = {string.ai.ai: string for string in strings}
    if "01" not in values:
        return None
    expiry = values.get("17")
    return PackLabel(
        gtin=values["01"].value.zfill(14),
        lot=values["10"].value if "10" in values else None,
        serial=values["21"].value if "21" in values else None,
        expires_on=expiry.date if expiry else None,
    )
