"""What a code in hand says of itself, and how much of that is in the record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from traceapp.models.dose import Dose
from traceapp.models.lot import Lot, Pack
from traceapp.models.packing import Packing, PackingPack
from traceapp.models.product import Product
from traceapp.models.site import Site
from traceapp.rules.code import product_of_trace_code, read_code
from traceapp.rules.meaning import Meaning, same_pack
from traceapp.trace.reach import find_lot_within, is_lot_within, lots_of_pack
from traceapp.trace.scope import Scope

_SCHEMES = {
    "element_string": "GS1 条码 / GS1 element string",
    "digital_link": "GS1 Digital Link / GS1 Digital Link",
    "gtin": "商品条码 / GTIN",
    "sscc": "物流单元代码 / SSCC",
    "trace_code": "追溯码 / Trace code",
}
_HINTS = {
    "check_digit": "校验位不符 / The check digit is not the one that the digits give",
    "impossible_date": "日期不存在 / A date that is in no calendar",
    "separator_lost": "缺少分隔符（FNC1），按可能的方式拆分 / "
    "A separator (FNC1) got lost: this is one way to part it",
    "compressed_link": "压缩链接，请改扫未压缩的码 / "
    "A compressed link, which is not read: scan an uncompressed one",
}
_PARTS = {
    "product": ("产品 {}", "product {}"),
    "lot": ("批号 {}", "lot {}"),
    "serial": ("序列号 {}", "serial {}"),
    "expires_on": ("有效期至 {}", "expires on {}"),
    "sscc": ("SSCC {}", "SSCC {}"),
    "asset": ("周转箱 {}", "returnable {}"),
    "trace_product": ("产品标识 {}", "product {}"),
}
_KNOWN: dict[tuple[str, bool | None], tuple[str, str]] = {
    ("product", False): ("产品未登记", "the product is not registered"),
    ("lot", True): ("批号有记录", "the lot is in the record"),
    ("lot", False): ("批号无记录", "the lot is not in the record"),
    ("pack", True): ("该包装有记录", "the pack is in the record"),
    ("pack", False): ("该包装无记录", "the pack is not in the record"),
}


def meanings_of(session: Session, scope: Scope, code: str) -> list[dict[str, Any]]:
    """What a code may be by its form, each with what the record has of it.

    Where a separator got lost, ways to part it that the record does not know are left out as
    soon as it knows one. A text without any form of its own is not listed.
    """
    meanings = [one for one in read_code(code) if one.scheme != "text"]
    documents = [_document(session, scope, one) for one in meanings]
    parted = [one for one in documents if _is_parted(one)]
    if any(_is_known(one) for one in parted):
        return [one for one in documents if not _is_parted(one) or _is_known(one)]
    return documents


def keys_of_meanings(session: Session, meanings: Sequence[Meaning]) -> list[str]:
    """Every key under which the record may know a pack that these meanings name."""
    gtins = list(session.scalars(select(Product.gtin)))
    keys: set[str] = {f"u:{one.code}" for one in meanings if "separator_lost" in one.hints}
    for one in meanings:
        if one.pack_key is not None:
            keys |= same_pack(one.pack_key, gtins)
    return sorted(keys)


def _document(session: Session, scope: Scope, meaning: Meaning) -> dict[str, Any]:
    product = session.get(Product, meaning.gtin) if meaning.gtin else None
    known = {
        "product": product is not None if meaning.gtin else None,
        "lot": _knows_lot(session, scope, meaning),
        "pack": _knows_pack(session, scope, meaning),
    }
    hints = [{"code": hint, "text": _HINTS[hint]} for hint in meaning.hints]
    return {
        "scheme": meaning.scheme,
        "code": meaning.code,
        "gtin": meaning.gtin,
        "product": product.name if product else None,
        "lot": meaning.lot,
        "serial": meaning.serial,
        "expires_on": meaning.expires_on,
        "sscc": meaning.sscc,
        "asset": meaning.asset,
        "known": known,
        "hints": hints,
        "text": _sentence(meaning, product, known, hints),
    }


def _knows_lot(session: Session, scope: Scope, meaning: Meaning) -> bool | None:
    if meaning.lot is None:
        return None
    if meaning.gtin is not None:
        return find_lot_within(session, scope, meaning.gtin, meaning.lot) is not None
    query = select(Lot.id).where(Lot.number == meaning.lot, is_lot_within(scope))
    return session.scalar(query.limit(1)) is not None


def _knows_pack(session: Session, scope: Scope, meaning: Meaning) -> bool | None:
    if meaning.pack_key is None:
        return None
    keys = sorted(same_pack(meaning.pack_key, [meaning.gtin]))
    if session.scalar(lots_of_pack(session, scope, keys).limit(1)) is not None:
        return True
    given = (
        select(Dose.id)
        .join(Site, Site.id == Dose.site_id)
        .where(Dose.pack_key.in_(keys), scope.sites())
    )
    packs = select(Pack.id).where(Pack.key.in_(keys))
    named = select(PackingPack.packing_id).where(PackingPack.pack_id.in_(packs))
    packed = (
        select(Packing.id)
        .join(Site, Site.id == Packing.site_id)
        .where(or_(Packing.parent_id.in_(packs), Packing.id.in_(named)), scope.sites())
    )
    is_known = (session.scalar(one.limit(1)) is not None for one in (given, packed))
    return any(is_known)


def _sentence(
    meaning: Meaning,
    product: Product | None,
    known: dict[str, bool | None],
    hints: Iterable[dict[str, str]],
) -> str:
    trace_product = product_of_trace_code(meaning.code) if meaning.scheme == "trace_code" else None
    values = {
        "product": product.name if product else meaning.gtin,
        "lot": meaning.lot,
        "serial": meaning.serial,
        "expires_on": meaning.expires_on,
        "sscc": meaning.sscc,
        "asset": meaning.asset,
        "trace_product": trace_product,
    }
    said = [_PARTS[name] for name, value in values.items() if value is not None]
    filled = [value for value in values.values() if value is not None]
    found = [_KNOWN[one] for one in known.items() if one in _KNOWN]
    scheme = _SCHEMES[meaning.scheme].split(" / ")
    warnings = [hint["text"].split(" / ") for hint in hints]
    sides = []
    for side, comma, semicolon, colon in ((0, "，", "；", "："), (1, ", ", "; ", ": ")):
        parts = [pair[side].format(value) for pair, value in zip(said, filled, strict=True)]
        rest = [pair[side] for pair in (*found, *warnings)]
        body = semicolon.join(([comma.join(parts)] if parts else []) + rest)
        sides.append(f"{scheme[side]}{colon}{body}" if body else scheme[side])
    return " / ".join(sides)


def _is_parted(document: dict[str, Any]) -> bool:
    return any(hint["code"] == "separator_lost" for hint in document["hints"])


def _is_known(document: dict[str, Any]) -> bool:
    return bool(document["known"]["lot"] or document["known"]["pack"])
