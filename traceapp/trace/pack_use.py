"""Packs that doses came out of, or are about to: whose they are, and how often they were used."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Integer, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from schemas.lot import LotKey
from traceapp.db import is_postgresql
from traceapp.models.dose import Dose
from traceapp.models.lot import Lot, Pack
from traceapp.models.product import Product
from traceapp.rows import among, rows_in, spell_rows
from traceapp.trace.finding import finding
from traceapp.trace.pack import movements_of_pack
from traceapp.watch.pack import Named, keys_of_pack, lots_of_packs


class PackUse(NamedTuple):
    """The use of a pack for a dose of a lot at a moment.

    `code` is the dose's public id, which orders the doses of one moment; None for one that is
    yet to be given, and comes after them all. With `is_told` the use is told to who reports it:
    all doses of the pack count, those of later moments too. Two may be reported in either order.
    """

    named: Named
    lot: Lot
    product: Product | None
    at: datetime
    code: str | None = None
    is_told: bool = False


class PackUses:
    """Uses of packs: two questions for all, and some more for each that a movement named."""

    def __init__(self, session: Session, uses: Sequence[PackUse]) -> None:
        self._session = session
        self._keys = {
            (key, use.lot.gtin): keys_of_pack(session, key, use.lot.gtin)
            for use in uses
            if (key := use.named.key) is not None
        }
        self._known = self._named_by_movements()
        counted = [use for use in uses if use.named.key is not None]
        self._used = dict(zip(counted, self._count(counted), strict=True))
        self._ways: dict[tuple[str, int], set[int]] = {}

    def movements(self, use: PackUse) -> set[int]:
        """The row ids of the movements of the lot that named this pack, or a case around it."""
        key = use.named.key
        if key is None or not self._is_known(use):
            return set()
        if (key, use.lot.id) not in self._ways:
            found = movements_of_pack(self._session, use.lot.id, key)
            self._ways[key, use.lot.id] = found
        return self._ways[key, use.lot.id]

    def findings(self, use: PackUse) -> list[dict[str, Any]]:
        """Whether a pack is of this lot, and was not used up by the doses that are earlier."""
        found = self._findings_of_label(use)
        if use.named.key is None:
            return found
        doses = use.product.doses_per_pack if use.product else 1
        used = self._used[use]
        if use.code is not None and not use.is_told:
            used += 1  # It counts among those that used it.
        if used >= doses + (use.code is not None):
            found.append(finding("pack_used_up", used=used, doses=doses))
        return found

    def _findings_of_label(self, use: PackUse) -> list[dict[str, Any]]:
        label, lot = use.named.lot, use.lot
        if label is not None and label != LotKey(lot.gtin, lot.number):
            return [finding("pack_of_other_lot", lot=label.number)]
        if not self._is_known(use):
            return []
        lots = lots_of_packs(self._session, self._keys[str(use.named.key), lot.gtin])
        if not lots or lot.id in lots:
            return []
        other = self._session.get_one(Lot, lots[0])
        return [finding("pack_of_other_lot", lot=other.number)]

    def _is_known(self, use: PackUse) -> bool:
        key = use.named.key
        return key is not None and not self._known.isdisjoint(self._keys[key, use.lot.gtin])

    def _named_by_movements(self) -> set[str]:
        """Which of the packs a movement or a packing ever named: most never were."""
        keys = sorted({key for keys in self._keys.values() for key in keys})
        if not keys:
            return set()
        return set(
            self._session.scalars(select(Pack.key).where(among(self._session, Pack.key, keys)))
        )

    def _count(self, uses: Sequence[PackUse]) -> list[int]:
        """How many doses that are earlier, or all where it is told, came out of each pack."""
        rows = [
            (number, key, use.lot.gtin, _END if use.is_told else use.at, use.code)
            for number, use in enumerate(uses)
            for key in self._keys[str(use.named.key), use.lot.gtin]
        ]
        if not rows:
            return []
        told = spell_rows(self._session, _COLUMNS, rows)
        counted = {
            row[0]: row[1]
            for row in self._session.execute(_counting(is_postgresql(self._session)), told)
        }
        return [counted.get(number, 0) for number in range(len(uses))]


#: After every dose.
_END = datetime(9999, 1, 1, tzinfo=UTC)
_COLUMNS = {
    "number": Integer(),
    "key": Dose.pack_key.type,
    "gtin": Lot.gtin.type,
    "at": Dose.at.type,
    "code": Dose.code.type,
}


@lru_cache
def _counting(is_on_postgresql: bool) -> Select[Any]:
    asked = rows_in(is_on_postgresql, _COLUMNS)
    # Of two doses of one moment the ledger takes the one whose id comes first.
    comes_first = or_(asked.c.code.is_(None), Dose.code < asked.c.code)
    return (
        select(asked.c.number, func.count())
        .join(Dose, Dose.pack_key == asked.c.key)
        .outerjoin(Lot, Lot.id == Dose.lot_id)
        .where(
            Dose.is_in_force,
            or_(Dose.at < asked.c.at, and_(Dose.at == asked.c.at, comes_first)),
            # A serial alone is another pack with every product.
            or_(Dose.pack_key.not_like("p:%"), Lot.gtin == asked.c.gtin),
        )
        .group_by(asked.c.number)
    )
