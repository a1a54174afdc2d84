"""Putting recipients under the first key: sealed and indexed anew, rows of one person merged.

Each call is one short transaction, and leaves nothing half done: it may be killed and begun again,
and doses may be recorded meanwhile. A row that another transaction holds is left for the next pass.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from schemas.dose import Recipient
from traceapp.capture.recipient import row_of
from traceapp.models.adverse_event import AdverseEvent
from traceapp.models.dose import Dose
from traceapp.models.dose import Recipient as RecipientRow
from traceapp.vault import Person, SealBroken, Sealed, SealedText, Vault

_COLUMNS = (
    RecipientRow.id,
    RecipientRow.document_index,
    RecipientRow.key_id,
    RecipientRow.sealed,
)
_Rows = Sequence[Any]


@dataclass(slots=True)
class Resealed:
    """What became of some rows; `last` is the last one looked at, None where there was none."""

    last: int | None = None
    resealed: int = 0
    merged: int = 0
    broken: list[int] = field(default_factory=list)


def reseal_some(session: Session, vault: Vault, after: int, limit: int) -> Resealed:
    """Reseal at most `limit` recipients under other keys than the first, behind row `after`."""
    rows = session.execute(
        select(*_COLUMNS)
        .where(RecipientRow.key_id.in_(vault.other_key_ids), RecipientRow.id > after)
        .order_by(RecipientRow.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    done = Resealed(last=rows[-1].id if rows else None)
    found = _by_index(vault, rows, done.broken)
    kept, busy = _under_first_key(session, vault, list(found), done.broken)
    fresh: list[dict[str, Any]] = []
    for index, people in found.items():
        if index in busy:
            continue
        everyone = sorted({**people, **kept.get(index, {})}.items())
        survivor = next(iter(kept.get(index, {})), everyone[0][0])
        _hand_over(session, [number for number, _ in everyone if number != survivor], survivor)
        person = merge([one for _, one in everyone])
        fresh.append({"id": survivor, **row_of(vault.seal(person), person)})
        done.resealed += len(people)
        done.merged += len(everyone) - 1
    if fresh:
        session.execute(update(RecipientRow), fresh)
    return done


def merge(people: Sequence[Person]) -> Person:
    """One person of several, the first one first: what it left out is taken from the others."""
    first = people[0].recipient
    for other in people[1:]:
        first = replace(first, **_left_out(first, other.recipient))
    salts = dict.fromkeys(salt for person in people for salt in person.salts)
    return Person(first, tuple(salts))


def count_under(session: Session, key_ids: Collection[str]) -> int:
    """How many recipients are under any of these keys."""
    query = select(func.count()).where(RecipientRow.key_id.in_(key_ids))
    return session.scalar(query) or 0


def reseal_texts(session: Session, vault: Vault, after: int, limit: int) -> Resealed:
    """Reseal at most `limit` adverse events in words under other keys, behind row `after`."""
    rows = session.scalars(
        select(AdverseEvent)
        .where(AdverseEvent.key_id.in_(vault.other_key_ids), AdverseEvent.id > after)
        .order_by(AdverseEvent.id)
        .limit(limit)
        .with_for_update()
    ).all()
    done = Resealed(last=rows[-1].id if rows else None)
    for row in rows:
        try:
            text = vault.open_text(SealedText(row.key_id or "", row.sealed or b""), row.code)
        except SealBroken:
            done.broken.append(row.id)
            continue
        fresh = vault.seal_text(text, row.code)
        row.key_id, row.sealed = fresh.key_id, fresh.sealed
        done.resealed += 1
    session.flush()
    return done


def _left_out(first: Recipient, other: Recipient) -> dict[str, Any]:
    names = ("name", "born_on", "sex")
    return {name: getattr(other, name) for name in names if getattr(first, name) is None}


def _by_index(vault: Vault, rows: _Rows, broken: list[int]) -> dict[bytes, dict[int, Person]]:
    """The people in rows, by the index that the first key gives them."""
    found: dict[bytes, dict[int, Person]] = {}
    for row in rows:
        try:
            person = vault.open(Sealed.of(row))
        except SealBroken:
            broken.append(row.id)
        else:
            found.setdefault(vault.index(person.recipient.document), {})[row.id] = person
    return found


def _under_first_key(
    session: Session, vault: Vault, indexes: list[bytes], broken: list[int]
) -> tuple[Mapping[bytes, dict[int, Person]], set[bytes]]:
    """Who of these is there under the first key already, held; and whom somebody else holds."""
    query = select(*_COLUMNS).where(RecipientRow.document_index.in_(indexes))
    there = {row.document_index for row in session.execute(query)}
    if not there:
        return {}, set()
    held = session.execute(query.with_for_update(skip_locked=True)).all()
    kept = _by_index(vault, held, broken)
    return kept, there - kept.keys()


def _hand_over(session: Session, losers: list[int], survivor: int) -> None:
    """Give the doses of some rows to another row, and delete them."""
    if not losers:
        return
    session.execute(update(Dose).where(Dose.recipient_id.in_(losers)).values(recipient_id=survivor))
    session.execute(delete(RecipientRow).where(RecipientRow.id.in_(losers)))
