"""Recipients: one row a person, as far as the document number says so."""

from __future__ import annotations

from collections.abc import Sequence
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
#: SQLite takes some 32,000 parameters, and a person has one for each key.
_CHUNK = 1_000
_DETAILS = ("name", "born_on", "sex")


@dataclass(frozen=True, slots=True)
class Known:
    """A person in the record, held there until the transaction ends.

    `person` is None where the record is damaged: a dose is a fact all the same.
    """

    id: int
    person: Person | None


def know_recipients(session: Session, recipients: Sequence[Recipient], vault: Vault) -> list[Known]:
    """The person of each document, under any key, added where nobody is known by it.

    The rows are held until the transaction ends, so that nobody merges or forgets them, and new
    ones are added in one order everywhere: two writers of the same people never wait in a circle.
    """
    indexes = [vault.indexes(recipient.document) for recipient in recipients]
    known: dict[bytes, Known] = {}
    for _ in range(_MOST_LOOKS):
        missing = {
            named[0]: recipient
            for recipient, named in zip(reversed(recipients), reversed(indexes), strict=True)
            if named[0] not in known
        }
        if not missing:
            return [known[named[0]] for named in indexes]
        _find(session, [named for named in indexes if named[0] in missing], vault, known)
        _add(session, {key: one for key, one in missing.items() if key not in known}, vault, known)
    raise RuntimeError("Expected recipients that stay, got some that others delete each time.")


def _find(
    session: Session, wanted: Sequence[list[bytes]], vault: Vault, known: dict[bytes, Known]
) -> None:
    """Note the people whom the record knows; of one under two keys the row of the newer key."""
    rows: dict[bytes, RecipientRow] = {}
    listed = sorted({index for indexes in wanted for index in indexes})
    for start in range(0, len(listed), _CHUNK):
        found = session.scalars(
            select(RecipientRow)
            .where(RecipientRow.document_index.in_(listed[start : start + _CHUNK]))
            .with_for_update(read=True, key_share=True)
            .execution_options(populate_existing=True)
        )
        rows |= {row.document_index: row for row in found}
    for indexes in wanted:
        first = next((rows[index] for index in indexes if index in rows), None)
        if first is not None:
            known[indexes[0]] = Known(first.id, read_person(first, vault))


def _add(
    session: Session, missing: dict[bytes, Recipient], vault: Vault, known: dict[bytes, Known]
) -> None:
    """Add people; whom somebody else has added meanwhile is found at the next look."""
    if not missing:
        return
    people = {key: vault.know(recipient) for key, recipient in sorted(missing.items())}
    rows = [row_of(vault.seal(person), person) for person in people.values()]
    added = insert(session, RecipientRow).on_conflict_do_nothing()
    returned = session.execute(added.returning(RecipientRow.id, RecipientRow.document_index), rows)
    for number, index in returned:
        known[bytes(index)] = Known(number, people[bytes(index)])


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
