"""Which pack a text in hand names, as far as the record can tell: one name for one pack."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from schemas.fields import CODE
from schemas.lot import LotKey
from traceapp.models.lot import Lot, Pack
from traceapp.models.product import Product
from traceapp.rules.code import read_code
from traceapp.rules.meaning import Meaning, same_pack
from traceapp.watch.packing import keys_by_id, movements_naming


@dataclass(frozen=True, slots=True)
class Named:
    """The pack that a text names (None where it names no single one), and the lot on its label."""

    key: str | None
    lot: LotKey | None = None


def identify(session: Session, text: str, lot: LotKey | None = None) -> Named:
    """The pack behind a text, told apart by the lot it is of where that was said.

    A label that lost its separator may name several packs: the one whose lot, or else whose
    pack, the record knows is meant. Where that does not tell, the text stays what it is
    (`u:`) until the record knows more.
    """
    meanings = read_code(text)
    labels = _labels(session, meanings)
    if not labels:
        keys = [one.pack_key for one in meanings if one.pack_key is not None]
        return Named(keys[0] if keys else None)
    fitting = [one for one in labels if lot is None or _fits(one, lot)] or labels
    ways: tuple[Callable[[Session, Sequence[Meaning]], list[Meaning]], ...]
    ways = (lambda _, found: list(found), _of_known_lots, _of_known_packs)
    for narrow in ways:
        found = narrow(session, fitting)
        if len({(one.pack_key, one.gtin, one.lot) for one in found}) == 1:
            return Named(found[0].pack_key, lot_of_label(found[0]))
    return Named(f"u:{fitting[0].code}")


def lot_of_label(label: Meaning) -> LotKey | None:
    """The lot on a label; None where it bears none, or one that no record can bear."""
    if label.gtin is None or label.lot is None or not CODE.match(label.lot):
        return None
    return LotKey(label.gtin, label.lot)


def keys_of_pack(session: Session, key: str, gtin: str | None = None) -> list[str]:
    """Every key under which the record may know a pack: by label, and by its serial alone.

    A serial alone is a pack of the product `gtin`, or, where nobody says, of any product.
    """
    gtins = [gtin] if gtin or not key.startswith("p:") else session.scalars(select(Product.gtin))
    return sorted(same_pack(key, gtins))


def lots_of_packs(session: Session, keys: Iterable[str]) -> list[int]:
    """The row ids of the lots whose movements named one of these packs, or a case around it."""
    named = movements_naming(session, keys)
    return sorted({one.lot_id for movements in named.values() for one in movements})


def lot_of_pack(session: Session, key: str) -> int | None:
    """The row id of the only lot that a pack was named with; None where none or several were."""
    return lot_of_packs(session, [key])[key]


def lot_of_packs(session: Session, keys: Iterable[str]) -> dict[str, int | None]:
    """For each key the row id of the only lot that its pack was named with, or None."""
    wanted = set(keys)
    has_serials = any(key.startswith("p:") for key in wanted)
    gtins = session.scalars(select(Product.gtin)).all() if has_serials else []
    ways = {key: same_pack(key, gtins) for key in wanted}
    named = movements_naming(session, sorted({way for some in ways.values() for way in some}))
    packs = keys_by_id(session, named)
    lots: dict[str, set[int]] = {}
    for pack_id, movements in named.items():
        lots.setdefault(packs[pack_id], set()).update(one.lot_id for one in movements)
    found = {key: {lot for way in some for lot in lots.get(way, ())} for key, some in ways.items()}
    return {key: min(some) if len(some) == 1 else None for key, some in found.items()}


def _labels(session: Session, meanings: Sequence[Meaning]) -> list[Meaning]:
    """The meanings that GS1 gives a text, where it is not likelier something else."""
    codes = [one.code for one in meanings if one.scheme == "trace_code"]
    if codes and codes[0].startswith("8"):
        return []
    found = []
    for one in meanings:
        # Digits alone may be anything; the check digit makes chance unlikely.
        is_digits = one.scheme in ("gtin", "sscc") or bool(codes)
        is_wrong = is_digits and "check_digit" in one.hints
        if is_wrong or (one.scheme == "gtin" and session.get(Product, one.gtin) is None):
            continue
        if (one.is_label or one.scheme == "gtin") and "compressed_link" not in one.hints:
            found.append(one)
    return found


def _fits(label: Meaning, lot: LotKey) -> bool:
    return label.gtin in (None, lot.gtin) and label.lot in (None, lot.number)


def _of_known_lots(session: Session, labels: Sequence[Meaning]) -> list[Meaning]:
    keys = {(one.gtin, one.lot) for one in labels if one.gtin and one.lot}
    rows = session.execute(
        select(Lot.gtin, Lot.number).where(
            Lot.number.in_(sorted(str(number) for _, number in keys)),
            Lot.gtin.in_({str(gtin) for gtin, _ in keys}),
        )
    )
    known = {tuple(row) for row in rows}
    return [one for one in labels if (one.gtin, one.lot) in known]


def _of_known_packs(session: Session, labels: Sequence[Meaning]) -> list[Meaning]:
    keys = [one.pack_key for one in labels if one.pack_key is not None]
    known = set(session.scalars(select(Pack.key).where(Pack.key.in_(keys))))
    return [one for one in labels if one.pack_key in known]
