"""The person behind a dose: masked, or opened for those who may see and say why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from traceapp.models.adverse_event import AdverseEvent
from traceapp.models.dose import Dose, Recipient
from traceapp.models.site import Site
from traceapp.trace.scope import Scope
from traceapp.vault import KeyUnknown, SealBroken, Sealed, Vault


@dataclass(frozen=True, slots=True)
class Revealed:
    """Who received a dose; `person` is None where the record was forgotten."""

    site: str
    person: dict[str, Any] | None

    def __repr__(self) -> str:
        return f"Revealed(site={self.site!r}, …)"


def masked(recipient: Recipient | None) -> dict[str, Any] | None:
    """A person as everybody may see one; None where the record was forgotten."""
    if recipient is None:
        return None
    return {"document": recipient.document_masked, "name": recipient.name_masked}


def reveal(session: Session, scope: Scope, dose: str, vault: Vault) -> Revealed | None:
    """The person behind a dose at a site in scope; None for a dose that is not to be seen.

    Raises KeyUnknown or SealBroken.
    """
    row = session.execute(
        select(Site.code, Recipient)
        .select_from(Dose)
        .join(Site, Site.id == Dose.site_id)
        .outerjoin(Recipient, Recipient.id == Dose.recipient_id)
        .where(Dose.code == dose, scope.sites())
    ).one_or_none()
    if row is None:
        return None
    return Revealed(row.code, None if row.Recipient is None else unmasked(row.Recipient, vault))


def unmasked(recipient: Recipient, vault: Vault) -> dict[str, Any]:
    """A person as the first report told. Raises KeyUnknown or SealBroken."""
    known = vault.open(Sealed.of(recipient)).recipient
    return {
        "document": known.document,
        "document_type": known.document_type,
        "name": known.name,
        "born_on": known.born_on,
        "sex": known.sex,
    }


def unmasked_where_readable(recipient: Recipient | None, vault: Vault) -> dict[str, Any] | None:
    """A person unmasked, or masked where no key of ours opens the record: a list goes on."""
    if recipient is None:
        return None
    try:
        return unmasked(recipient, vault)
    except (KeyUnknown, SealBroken):
        shown: dict[str, Any] = {"document_type": None, "born_on": None, "sex": None}
        return {**shown, **(masked(recipient) or {})}


def count_by_key(session: Session) -> Mapping[str, int]:
    """How many recipients, and adverse events in words, are sealed under which key."""
    counts: Counter[str | None] = Counter()
    for key_id in (Recipient.key_id, AdverseEvent.key_id):
        query = select(key_id, func.count()).where(key_id.is_not(None)).group_by(key_id)
        counts.update({row[0]: row[1] for row in session.execute(query)})
    return {key_id: counts[key_id] for key_id in sorted(filter(None, counts))}


def key_ids_in_use(session: Session) -> list[str]:
    """The ids of all keys under which something is sealed, by steps through the index."""
    found: set[str] = set()
    for table in (Recipient, AdverseEvent):
        query, last = select(func.min(table.key_id)), ""
        while (key_id := session.scalar(query.where(table.key_id > last))) is not None:
            found.add(key_id)
            last = key_id
    return sorted(found)


def is_any_under_another_key(session: Session, key_ids: Collection[str]) -> bool:
    """Whether a recipient, or an adverse event in words, is sealed under none of these keys.

    Asked for what lies between them, which the index answers however many recipients there are.
    """
    edges = ["", *sorted(key_ids), "g"]  # Ids are hexadecimal: all lie between these two.
    return any(
        session.scalar(
            select(table.id).where(and_(table.key_id > low, table.key_id < high)).limit(1)
        )
        is not None
        for table in (Recipient, AdverseEvent)
        for low, high in pairwise(edges)
    )
