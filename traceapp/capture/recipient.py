"""Recipients: one row a person, as far as the document number says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from schemas.dose import Recipient
from traceapp.capture.insert import insert
from traceapp.models.dose import Recipient as RecipientRow
from traceapp.rules.calendar import CHINA
from traceapp.rules.document import doubts_about
from traceapp.vault import (
    KeyUnknown,
    Person,
    SealBroken,
    Sealed,
    Vault,
    mask_document,
    mask_name,
)

#: Who looks may find a row just deleted by a merge or by forgetting, and looks again.
_MOST_LOOKS = 20
_DETAILS = ("name", "born_on", "sex")


@dataclass(frozen=True, slots=True)
class Known:
    """A person in the record, held there until the transaction ends.

    `person` is None where the record is damaged: a dose is a fact all the same.
    """

    id: int
    person: Person | None


def know_recipient(session: Session, recipient: Recipient, vault: Vault) -> Known:
    """The person of that document under any key, added where nobody is known by it."""
    for _ in range(_MOST_LOOKS):
        found = _find(session, recipient.document, vault)
        if found is not None:
            return found
        person = vault.know(recipient)
        row = row_of(vault.seal(person), person)
        added = insert(session, RecipientRow).values(row).on_conflict_do_nothing()
        number = session.scalar(added.returning(RecipientRow.id))
        if number is not None:
            return Known(number, person)
    raise RuntimeError("Expected a recipient that stays, got one that others delete each time.")


def _find(session: Session, document: str, vault: Vault) -> Known | None:
    """The person under any key; the row is held, so that nobody merges or forgets it meanwhile."""
    indexes = vault.indexes(document)
    rows = session.scalars(
        select(RecipientRow)
        .where(RecipientRow.document_index.in_(indexes))
        .with_for_update(read=True, key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    if not rows:
        return None
    first = min(rows, key=lambda row: indexes.index(row.document_index))
    return Known(first.id, read_person(first, vault))


def read_person(row: Any, vault: Vault) -> Person | None:
    """The person in a row of `recipient`; None where no key of ours opens it."""
    try:
        return vault.open(Sealed.of(row))
    except (KeyUnknown, SealBroken):
        return None


def row_of(sealed: Sealed, person: Person) -> dict[str, Any]:
    """The columns of a person, masked where nothing is sealed."""
    name = person.recipient.name
    return {
        "document_index": sealed.document_index,
        "key_id": sealed.key_id,
        "sealed": sealed.sealed,
        "document_masked": mask_document(person.recipient.document),
        "name_masked": mask_name(name) if name else None,
    }


def findings_about(came: Recipient, known: Person | None, at: datetime) -> str | None:
    """Codes of what is doubtful in a report about a person; none of them says what it is."""
    codes = doubts_about(came, at.astimezone(CHINA).date())
    if known is not None and _differs(came, known.recipient):
        codes.append("recipient_differs")
    return " ".join(codes) or None


def _differs(came: Recipient, known: Recipient) -> bool:
    """Whether two reports contradict each other; what one of them leaves out does not."""
    told = [(getattr(came, name), getattr(known, name)) for name in _DETAILS]
    return any(one and other and one != other for one, other in told)
