"""The words of the e-mail about an excursion, Chinese and English side by side."""

from __future__ import annotations

from traceapp.alerts.letter import Letter, Text, clean, shown
from traceapp.trace.alert import ExcursionFacts, LotStanding

_MOST_LOTS = 50


def celsius(value: float) -> str:
    """A temperature with at most two decimals: `12.3 °C`."""
    return f"{round(value, 2):g} °C".replace("-", "−")


def _lasting(minutes: float) -> tuple[int, int, int]:
    """Whole days, hours and minutes: nobody reads 5000 minutes at night."""
    hours, left = divmod(round(minutes), 60)
    return *divmod(hours, 24), left


# ---- Chinese

_ZH_LEVEL = {"alarm": "报警", "notice": "提醒"}
_ZH_SIDE = {
    "above": "温度高于上限",
    "below": "温度低于下限",
    "silence": "失联，没有收到温度读数",
    "door": "门长时间未关",
    "power": "停电",
}


def _zh_what(facts: ExcursionFacts) -> str:
    limit = "" if facts.limit_celsius is None else f" {celsius(facts.limit_celsius)}"
    return f"{_ZH_SIDE.get(facts.side, clean(facts.side))}{limit}"


def _zh_where(facts: ExcursionFacts) -> str:
    return f"{clean(facts.site_name)}（{facts.site}） {clean(facts.unit_name)}（{facts.unit}）"


def _zh_how_long(facts: ExcursionFacts) -> str:
    unknown = ""
    if facts.unknown_minutes >= 1:
        unknown = f"，其中 {_zh_lasting(facts.unknown_minutes)}没有读数，按仍在超标计"
    if facts.ended_at is None:
        return f"至今 {_zh_lasting(facts.minutes)}，尚未结束{unknown}"
    return f"{_zh_lasting(facts.minutes)}，{shown(facts.ended_at)} 结束{unknown}"


def _zh_lasting(minutes: float) -> str:
    days, hours, left = _lasting(minutes)
    if days:
        return f"{days} 天 {hours} 小时"
    return f"{hours} 小时 {left} 分" if hours else f"{left} 分钟"


def _zh_rows(facts: ExcursionFacts) -> list[tuple[str, str]]:
    rows = [
        ("事件", f"{_ZH_LEVEL.get(facts.level, facts.level)}：{_zh_what(facts)}"),
        ("地点", _zh_where(facts)),
        ("开始", shown(facts.started_at)),
        ("持续", _zh_how_long(facts)),
    ]
    if facts.peak_celsius is not None:
        name = "最低温度" if facts.side == "below" else "最高温度"
        rows.append((name, celsius(facts.peak_celsius)))
    if facts.is_late:
        rows.append(("备注", "事后发现：读数补传较晚，当时已经结束。"))
    return rows


def _zh_lots(facts: ExcursionFacts) -> list[str]:
    if not facts.lots:
        return ["台账中当时没有疫苗存放在此。"]
    lines = [_zh_lot(lot) for lot in facts.lots[:_MOST_LOTS]]
    return [*lines, *([f"另有 {len(facts.lots) - _MOST_LOTS} 个批号，见链接。"]
                      if len(facts.lots) > _MOST_LOTS else [])]  # fmt: skip


def _zh_lot(lot: LotStanding) -> str:
    expiry = f"，有效期至 {lot.expires_on.isoformat()}" if lot.expires_on else ""
    doses = f"{lot.doses} 剂（现在仍在此处 {lot.doses_now} 剂）"
    return f"{clean(lot.product) or lot.gtin}，批号 {lot.number}，{doses}{expiry}"


def _zh_subject(facts: ExcursionFacts) -> str:
    peak = "" if facts.peak_celsius is None else f"，达 {celsius(facts.peak_celsius)}"
    level = _ZH_LEVEL.get(facts.level, facts.level)
    return f"【{level}】{_zh_what(facts)}{peak}：{clean(facts.site_name)} {clean(facts.unit_name)}"


# ---- English

_EN_LEVEL = {"alarm": "Alarm", "notice": "Notice"}
_EN_SIDE = {
    "above": "too warm, above",
    "below": "too cold, below",
    "silence": "no temperature readings arrive",
    "door": "the door stands open",
    "power": "no mains power",
}


def _en_what(facts: ExcursionFacts) -> str:
    limit = "" if facts.limit_celsius is None else f" {celsius(facts.limit_celsius)}"
    return f"{_EN_SIDE.get(facts.side, clean(facts.side))}{limit}"


def _en_where(facts: ExcursionFacts) -> str:
    unit = clean(facts.unit_name_en or facts.unit_name)
    site = clean(facts.site_name_en or facts.site_name)
    return f"{unit} ({facts.unit}), {site} ({facts.site})"


def _en_how_long(facts: ExcursionFacts) -> str:
    unknown = ""
    if facts.unknown_minutes >= 1:
        lasting = _en_lasting(facts.unknown_minutes)
        unknown = f"; {lasting} of it without readings, the worst assumed"
    if facts.ended_at is None:
        return f"{_en_lasting(facts.minutes)} so far, not ended yet{unknown}"
    return f"{_en_lasting(facts.minutes)}, ended {shown(facts.ended_at)}{unknown}"


def _en_lasting(minutes: float) -> str:
    days, hours, left = _lasting(minutes)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {left} min" if hours else f"{left} minutes"


def _en_rows(facts: ExcursionFacts) -> list[tuple[str, str]]:
    rows = [
        ("What", f"{_EN_LEVEL.get(facts.level, facts.level)}: {_en_what(facts)}"),
        ("Where", _en_where(facts)),
        ("Since", shown(facts.started_at)),
        ("How long", _en_how_long(facts)),
    ]
    if facts.peak_celsius is not None:
        name = "Lowest" if facts.side == "below" else "Highest"
        rows.append((name, celsius(facts.peak_celsius)))
    if facts.is_late:
        rows.append(("Note", "The readings came late: it was found after it had ended."))
    return rows


def _en_lots(facts: ExcursionFacts) -> list[str]:
    if not facts.lots:
        return ["According to the ledger no vaccine lay there."]
    lines = [_en_lot(lot) for lot in facts.lots[:_MOST_LOTS]]
    return [*lines, *([f"and {len(facts.lots) - _MOST_LOTS} more lots, see the link."]
                      if len(facts.lots) > _MOST_LOTS else [])]  # fmt: skip


def _en_lot(lot: LotStanding) -> str:
    expiry = f", expires {lot.expires_on.isoformat()}" if lot.expires_on else ""
    product = clean(lot.product_en or lot.product) or lot.gtin
    doses = f"{lot.doses} doses ({lot.doses_now} still there)"
    return f"{product}, lot {lot.number}, {doses}{expiry}"


def _en_subject(facts: ExcursionFacts) -> str:
    peak = "" if facts.peak_celsius is None else f", reached {celsius(facts.peak_celsius)}"
    level = _EN_LEVEL.get(facts.level, facts.level)
    unit = clean(facts.unit_name_en or facts.unit_name)
    site = clean(facts.site_name_en or facts.site_name)
    return f"[{level}] {_en_what(facts)}{peak}: {unit}, {site}"


def excursion_letter(facts: ExcursionFacts) -> Letter:
    """The e-mail about an excursion."""
    texts = {
        "zh": Text(
            tag="zh-CN",
            subject=_zh_subject(facts),
            rows=_zh_rows(facts),
            list_title="当时在内的疫苗",
            items=_zh_lots(facts),
            link="详情",
            why="您收到此邮件，是因为您被登记为该区域的联系人。同一事件只发一封。",
        ),
        "en": Text(
            tag="en",
            subject=_en_subject(facts),
            rows=_en_rows(facts),
            list_title="Vaccine that stood there",
            items=_en_lots(facts),
            link="Details",
            why="You are registered as a contact of this area. One episode, one e-mail.",
        ),
    }
    name = f"excursion-{facts.excursion_id}"
    return Letter(name, f"/excursions/{facts.excursion_id}", texts)
