"""Corrections: which facts stand instead of which, whatever came first."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from schemas.correction import Correcting
from schemas.document import Refusal
from traceapp.capture.receipt import refuse_future
from traceapp.capture.story import lock_stories
from traceapp.models.correction import Correction
from traceapp.models.dose import Dose
from traceapp.models.lot import Pack, PackMovement
from traceapp.models.movement import Movement
from traceapp.models.packing import Packing
from traceapp.models.site import Site
from traceapp.rows import among
from traceapp.rules.correction import Claim, may_correct
from traceapp.watch.correction import MODELS, load_story


@dataclass(slots=True)
class Settled:
    """What corrections changed: the facts to be booked again, and the packs to be judged again."""

    rows: list[Movement | Dose] = field(default_factory=list)
    packs: set[str] = field(default_factory=set)


def refuse_correction(
    session: Session,
    noun: str,
    said: Correcting,
    site: Site,
    within: str | None,
    now: datetime,
) -> Refusal | None:
    """Why nobody may say so: a moment ahead of now, or the fact of somebody else's site.

    What is corrected may be heard of later; then this is asked when it comes.
    """
    if future := refuse_future(said.corrected_at, now):
        return Refusal(future.reason, "corrected_at", future.expected, future.got)
    packed = select(Packing.id).where(Packing.code == said.corrects)
    if noun == "movement" and session.scalar(packed) is not None:
        expected = "a movement: what was packed wrongly is unpacked"
        return Refusal("invalid", "corrects", expected, said.corrects)
    model = MODELS[noun]
    owner = session.execute(
        select(model.site_id, Site.division_code)
        .join(Site, Site.id == model.site_id)
        .where(model.code == said.corrects)
    ).one_or_none()
    if owner is None:
        return None
    corrected = Claim(said.corrects, owner[0], owner[1])
    ours = Claim(said.code, site.id, site.division_code, said.corrects, within=within)
    if may_correct(ours, corrected):
        return None
    expected = "a fact of the own site, or of one below an officer"
    return Refusal("not_the_reporter", "corrects", expected, said.corrects)


def note_correction(
    session: Session, noun: str, said: Correcting, within: str | None, now: datetime
) -> None:
    """Write down that a fact corrects another."""
    session.add(
        Correction(
            noun=noun,
            code=said.code,
            corrects=said.corrects,
            corrected_at=said.corrected_at,
            is_void=said.is_void,
            within=within,
            reason=said.reason,
            recorded_at=now,
        )
    )
    session.flush()


def settle_corrections(session: Session, noun: str, codes: Collection[str]) -> Settled:
    """Let of all that correct each other, or are corrected by these, the newest be in force.

    Call it with what was just stored.
    """
    story = load_story(session, noun, codes)
    if story is None:
        return Settled()
    changed = []
    for code, standing in story.standings.items():
        row = story.facts[code]
        if row.is_in_force != standing.is_in_force:
            row.is_in_force = standing.is_in_force
            changed.append(row)
    session.flush()
    return Settled(changed, _packs_of(session, changed))


def packs_of_stories(session: Session, corrected: Iterable[str | None]) -> set[str]:
    """The packs of movements that are corrected now, and of what corrected them before."""
    codes = {code for code in corrected if code is not None}
    if not codes:
        return set()
    story = load_story(session, "movement", codes)
    told = codes | (story.facts.keys() if story else set())
    rows = session.scalars(select(Movement).where(among(session, Movement.code, sorted(told))))
    return _packs_of(session, rows.all())


def settle_lot(session: Session, lot_id: int) -> int:
    """Settle anew all corrections that touch a lot; return how many of its facts differed.

    Facts of other lots in the same stories are settled with their own. Only stories that are told
    wrongly are held, before any lot is: where the record is right, nobody waits.
    """
    wrong = {noun: [row.code for row, _ in _unsettled(session, noun, lot_id)] for noun in MODELS}
    for noun, codes in wrong.items():
        if story := load_story(session, noun, codes):
            said = {one.code: one.corrects for one in story.corrections.values()}
            lock_stories(session, noun, said)
    if not any(wrong.values()):
        return 0
    session.expire_all()  # Somebody may have settled them while we waited.
    differing = [one for noun in MODELS for one in _unsettled(session, noun, lot_id)]
    for row, is_in_force in differing:
        row.is_in_force = is_in_force
    session.flush()
    return len(differing)


def _unsettled(session: Session, noun: str, lot_id: int) -> list[tuple[Movement | Dose, bool]]:
    """The facts of a lot that are in force and should not be, or should be."""
    model = MODELS[noun]
    is_said = (Correction.noun == noun, model.lot_id == lot_id)
    codes = {
        code
        for column in (Correction.code, Correction.corrects)
        for code in session.scalars(
            select(model.code).join(Correction, column == model.code).where(*is_said)
        )
    }
    story = load_story(session, noun, codes)
    if story is None:
        return []
    told = [(story.facts[code], one.is_in_force) for code, one in story.standings.items()]
    return [one for one in told if one[0].lot_id == lot_id and one[0].is_in_force != one[1]]


def _packs_of(session: Session, changed: Iterable[Movement | Dose]) -> set[str]:
    keys = {row.pack_key for row in changed if isinstance(row, Dose) and row.pack_key}
    moved = [row.id for row in changed if isinstance(row, Movement)]
    if not moved:
        return keys
    named = select(Pack.key).join(PackMovement, PackMovement.pack_id == Pack.id)
    return keys | set(session.scalars(named.where(PackMovement.movement_id.in_(moved))))
