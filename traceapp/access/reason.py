"""The reason that somebody gives for seeing a person, without the person in it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from schemas.dose import spell_document
from traceapp.vault import mask_document, mask_name

#: What looks like anybody's resident number or mobile telephone.
_RESIDENT = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)")
_TELEPHONE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")


def without_people(reason: str, people: list[Mapping[str, Any]]) -> str:
    """The reason for the audit: names and numbers of those who are revealed are masked in it.

    It is masked and not refused: a refusal would tell whoever guesses that the guess was right.
    """
    text = unicodedata.normalize("NFKC", reason)
    for person in people:
        if number := spell_document(person["document"] or ""):
            spaced = r"[\W_]*".join(map(re.escape, number))
            text = re.sub(spaced, mask_document(number), text, flags=re.IGNORECASE)
        if len(name := unicodedata.normalize("NFKC", person["name"] or "")) > 1:
            text = text.replace(name, mask_name(name))
    for pattern in (_RESIDENT, _TELEPHONE):
        text = pattern.sub(lambda found: mask_document(found[0]), text)
    return text[:512]
