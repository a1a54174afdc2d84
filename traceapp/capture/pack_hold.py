"""Keeping apart writers of one pack: doses that only its code leads to a lot, and who names it.

A dose asks which lot movements name its pack with; a movement asks which doses are of the packs
that it names. Neither sees what the other has not committed yet. So who names packs holds them
alone, and a dose whose lot nobody told holds its pack together with other doses; whoever comes
second waits, and then sees. It also keeps apart those who note the same new packs, each in an
order of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy.orm import Session

from schemas.lot import LotKey
from traceapp.db import PACKS, is_postgresql, lock_numbers, stripe
from traceapp.rules.code import read_code
from traceapp.watch.pack import lot_of_label
from traceapp.watch.packing import keys_inside


def hold_packs(session: Session, keys: Collection[str]) -> None:
    """Hold packs, and all that was ever packed in them, alone until the transaction ends."""
    if not (keys and is_postgresql(session)):
        return
    while True:
        inside = keys_inside(session, keys)
        with session.begin_nested() as attempt:
            lock_numbers(session, PACKS, _numbers({*keys, *inside}))
            if keys_inside(session, keys) == inside:
                return
            attempt.rollback()  # It lets go what was held: locks are only ever taken in order.


def hold_packs_together(session: Session, keys: Iterable[str]) -> None:
    """Hold packs together with other doses out of them: their movements wait."""
    lock_numbers(session, PACKS, (), _numbers(keys))


def keys_of_text(text: str) -> set[str]:
    """Every key under which the record may know what a text names, whatever else it knows."""
    meanings = read_code(text)
    keys = {one.pack_key for one in meanings if one.scheme != "text" and one.pack_key}
    labels = [one for one in meanings if one.is_label]
    if len(labels) > 1:  # Which of them is meant may not be known yet.
        keys |= {f"u:{one.code}" for one in labels}
    return keys or {one.pack_key for one in meanings if one.pack_key}


def lots_of_text(text: str) -> set[LotKey]:
    """Every lot that a label may bear."""
    found = (lot_of_label(one) for one in read_code(text))
    return {one for one in found if one is not None}


def _numbers(keys: Iterable[str]) -> set[int]:
    """A serial alone may be a pack of any product: it has one number with all of them."""
    return {stripe(f"p:{key.split(':', 2)[2]}" if key.startswith("s:") else key) for key in keys}
