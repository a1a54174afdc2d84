"""The packs and lots of doses: as they were said, or as labels and movements tell them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy.orm import Session

from schemas.dose import Dose
from schemas.lot import LotKey
from traceapp.capture.lot import hold_new_lots, know_lot
from traceapp.capture.pack_hold import hold_packs_together, keys_of_text, lots_of_text
from traceapp.watch.pack import Named, identify, lot_of_packs


class Lots:
    """The lots that doses name, each noted where it is new, in the order of their keys.

    `noted` are those that were new.
    """

    def __init__(
        self, session: Session, keys: Iterable[LotKey | None], meant: Iterable[LotKey] = ()
    ) -> None:
        self._session = session
        self._told: dict[str, int | None] = {}
        named = {(key.gtin, key.number): key for key in keys if key is not None}
        self._ids = hold_new_lots(session, named.values(), meant)
        self.noted: list[int] = []
        for pair in sorted(named.keys() - self._ids.keys()):
            self._ids[pair] = know_lot(session, named[pair]).id
            self.noted.append(self._ids[pair])

    def tell(self, keys: Iterable[str]) -> None:
        """Ask which lot movements tell of packs; for all of them at once."""
        self._told |= lot_of_packs(self._session, keys)

    def of(self, key: LotKey | None, named: Named) -> int | None:
        """The lot that was said, or that movements of the pack tell."""
        if key is None:
            return self._told[named.key] if named.key else None
        pair = key.gtin, key.number
        if pair not in self._ids:  # A label could be read once somebody else had noted its lot.
            self._ids[pair] = know_lot(self._session, key).id
        return self._ids[pair]


def name_lots(session: Session, doses: Sequence[Dose]) -> tuple[list[Named], Lots]:
    """The pack that each dose names, and their lots; whoever may tell more of them waits for us.

    Of doses that name their lot nothing more is asked, and no pack is held.
    """
    named = [_identify(session, dose) for dose in doses]
    untold = _untold(doses, named)
    if not untold:
        return named, Lots(session, _said(doses, named))
    hold_packs_together(session, {key for text in untold for key in keys_of_text(text)})
    named = _again(session, doses, named, untold)
    unparted = _untold(doses, named, "u:")
    meant = {lot for text in unparted for lot in lots_of_text(text)}
    lots = Lots(session, _said(doses, named), meant)
    named = _again(session, doses, named, unparted)
    said = zip(_said(doses, named), named, strict=True)
    lots.tell({one.key for lot, one in said if lot is None and one.key is not None})
    return named, lots


def _identify(session: Session, dose: Dose) -> Named:
    return identify(session, dose.pack, dose.lot) if dose.pack else Named(None)


def _untold(doses: Sequence[Dose], named: Sequence[Named], start: str = "") -> set[str]:
    """The packs of doses whose lot nobody told, whose key begins so."""
    return {
        dose.pack
        for dose, one in zip(doses, named, strict=True)
        if dose.pack and not dose.lot and not one.lot and (one.key or "").startswith(start)
    }


def _again(
    session: Session, doses: Sequence[Dose], named: list[Named], texts: Collection[str]
) -> list[Named]:
    """What these packs are now that they are held."""
    return [
        _identify(session, dose) if dose.pack in texts else one
        for dose, one in zip(doses, named, strict=True)
    ]


def _said(doses: Sequence[Dose], named: Sequence[Named]) -> list[LotKey | None]:
    return [dose.lot or one.lot for dose, one in zip(doses, named, strict=True)]
