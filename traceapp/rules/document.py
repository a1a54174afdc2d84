"""Identity documents: what is doubtful about a number. A doubt is a finding, never a refusal.

Only the resident identity number, GB 11643, can be checked: 17 digits and a check digit, MOD 11-2.
Its first six digits are not held against a list of divisions: the list of python-stdnum 2.2 does
not have every county that ever was, and a child's number outlives its county.
"""

from __future__ import annotations

import unicodedata
from datetime import date

from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from schemas.dose import Recipient, spell_document

_PLACES = 18
#: Nobody is known to have lived longer.
_OLDEST_YEARS = 125
#: What senders call it, in small letters; 01 is the code of WS 364.3, CV02.01.101.
RESIDENT_ID = frozenset({"resident_id", "resident", "id_card", "01", "居民身份证", "身份证"})


def doubts_about(recipient: Recipient, on: date) -> list[str]:
    """Codes of findings about a person's document, as told on a day; none where it is in order."""
    born_on = recipient.born_on
    is_possible = born_on is None or (born_on <= on and on.year - born_on.year <= _OLDEST_YEARS)
    doubts = [] if is_possible else ["born_on_impossible"]
    kind = unicodedata.normalize("NFKC", recipient.document_type).strip().lower()
    if kind not in RESIDENT_ID:
        return doubts
    number = spell_document(recipient.document)
    numbered = _born_on(number)
    if numbered is None or numbered > on:
        return [*doubts, "document_invalid"]
    if born_on is not None and born_on != numbered:
        doubts.append("born_on_differs")
    sex = "male" if int(number[16]) % 2 else "female"
    if recipient.sex in ("male", "female") and recipient.sex != sex:
        doubts.append("sex_differs")
    return doubts


def _born_on(number: str) -> date | None:
    """The day of birth in a resident number; None where its form or its check digit is wrong."""
    body = number[:-1]
    if len(number) != _PLACES or not (body.isascii() and body.isdigit()):
        return None
    if number[-1] != ric.calc_check_digit(number):
        return None
    try:
        born_on: date = ric.get_birth_date(number)
    except ValidationError:
        return None
    return born_on
