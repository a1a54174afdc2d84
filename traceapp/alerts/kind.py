"""The kinds of e-mails: what each reads from the record, and how it is put into words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from traceapp.alerts.excursion_wording import excursion_letter
from traceapp.alerts.letter import Letter
from traceapp.alerts.outbox import Claim
from traceapp.alerts.recall_end_wording import recall_end_letter
from traceapp.alerts.recall_wording import recall_letter
from traceapp.models.outbox import EXCURSION, RECALL, RECALL_OVER, REMINDER
from traceapp.trace.alert import ExcursionFacts, excursion_facts
from traceapp.trace.recall_alert import RecallFacts, recall_facts

#: What is left to do of an e-mail once its facts are read; touches no database.
Draft = Callable[[], Letter]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind: `read` answers None where nothing is to be said any more; `write` is pure."""

    read: Callable[[Session, Claim], Any]
    write: Callable[[Any], Letter]


def _of_excursion(session: Session, claimed: Claim) -> ExcursionFacts | None:
    facts = excursion_facts(session, claimed.about_id)
    return None if facts is None or facts.state == "withdrawn" else facts


def _of_recall(session: Session, claimed: Claim) -> RecallFacts | None:
    return recall_facts(session, claimed.about_id, claimed.id, claimed.kind, claimed.nth)


KINDS: dict[str, Kind] = {
    EXCURSION: Kind(_of_excursion, excursion_letter),
    RECALL: Kind(_of_recall, recall_letter),
    REMINDER: Kind(_of_recall, recall_letter),
    RECALL_OVER: Kind(_of_recall, recall_end_letter),
}


def draft_of(session: Session, claimed: Claim) -> Draft | None:
    """The draft of an e-mail, from the record as it stands; None where it is not owed any more.

    Raises KeyError for a kind that only a newer version knows: the e-mail waits for that one.
    """
    kind = KINDS[claimed.kind]
    facts = kind.read(session, claimed)
    return None if facts is None else partial(kind.write, facts)
