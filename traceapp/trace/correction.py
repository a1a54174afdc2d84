"""The history of a fact that was corrected: what was said of it, and what stands now."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import ColumnElement, literal, or_, select
from sqlalchemy.orm import Session

from traceapp.models.packing import Packing
from traceapp.trace.finding import finding
from traceapp.watch.correction import MODELS, Story, load_story


def history_of(session: Session, noun: str, code: str) -> list[dict[str, Any]]:
    """Everything that was said of what a fact tells, the first first; empty where it stands alone.

    Somebody else's correction, which changes nothing, is told of itself alone.
    """
    story = load_story(session, noun, [code])
    if story is None or code not in story.facts or story.standings[code].is_stray:
        return []
    told = [
        other
        for other, standing in story.standings.items()
        if not standing.is_stray and _stands(story, other) == _stands(story, code)
    ]
    return [_entry(story, other) for other in sorted(told, key=lambda one: _place(story, one))]


def findings_of_corrections(
    session: Session, noun: str, codes: Collection[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Which of these facts are no longer in force, or correct nothing; each with its finding."""
    story = load_story(session, noun, codes)
    if story is None:
        return
    for code in sorted(set(codes) & story.facts.keys()):
        standing, said = story.standings[code], story.corrections.get(code)
        if said is not None and standing.is_stray:
            yield code, finding("correction_stray", corrects=said.corrects)
        elif said is not None and said.corrects not in story.facts:
            is_other = session.scalar(select(is_of_other_kind(noun, literal(said.corrects))))
            waits = "correction_of_other_kind" if is_other else "correction_waits"
            yield code, finding(waits, corrects=said.corrects)
        if standing.by is not None:
            is_void = story.corrections[standing.by].is_void
            yield code, finding("withdrawn" if is_void else "corrected", by=standing.by)


def is_of_other_kind(noun: str, code: Any) -> ColumnElement[bool]:
    """The condition that something that this noun cannot correct was reported under a code."""
    others = [model for name, model in MODELS.items() if name != noun]
    return or_(*(select(one.id).where(one.code == code).exists() for one in (*others, Packing)))


def _stands(story: Story, code: str) -> str:
    """What stands for a fact: itself, or what corrects it."""
    return story.standings[code].by or code


def _place(story: Story, code: str) -> tuple[bool, Any, str]:
    said = story.corrections.get(code)
    return said is not None, said.corrected_at if said else None, code


def _entry(story: Story, code: str) -> dict[str, Any]:
    row, said = story.facts[code], story.corrections.get(code)
    return {
        "id": code,
        "corrects": said.corrects if said else None,
        "corrected_at": said.corrected_at if said else None,
        "withdraws": said.is_void if said else False,
        "reason": said.reason if said else None,
        "in_force": row.is_in_force,
        "recorded_at": row.recorded_at,
    }
