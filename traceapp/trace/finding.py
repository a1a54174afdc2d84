"""Findings in plain words, Chinese first and English."""

from __future__ import annotations

from typing import Any

_TEXTS = {
    "lot_expired": "该批号已于 {day} 过期 / The lot expired on {day}",
    "lot_recalled": "该批号正在召回 / The lot is being recalled",
    "lot_held": "该批号已封存待查 / The lot is on hold",
    "moved_while_held": "封存期间被移出 / It left while the lot was on hold",
    "lot_unknown": "没有该批号的生产记录 / No record says that this lot was made",
    "not_at_site": "记录显示该单位当时没有这一批号的疫苗 / "
    "By the record this site held none of the lot",
    "pack_used_up": "该追溯码已使用 {used} 次，每盒 {doses} 剂 / "
    "This code was used {used} times for a pack of {doses}",
    "pack_in_two_places": "按记录，该追溯码当时在另一单位 / "
    "By the record this pack was at another site then",
    "pack_of_other_lot": "该包装属于批号 {lot} / This pack is of another lot: {lot}",
    "pack_unread": "此码不是一个包装的追溯码，可能扫描不全或两码连扫 / "
    "This is no pack's code: it is cut off, or two in one scan",
    "pack_not_single": "此码只表明产品或批号，不是单个包装 / "
    "This code names a product or a lot, no single pack",
    "check_digit": "编码的校验位不对 / The check digit of this code is wrong",
    "label_day_impossible": "标签上的日期不存在 / A day on the label does not exist",
    "label_expiry_differs": "标签上的有效期 {label} 与记录 {recorded} 不符 / "
    "The label says that it expires on {label}, the record says {recorded}",
    "goes_nowhere": "出发地与目的地相同 / It goes to where it came from",
    "in_two_cases": "{pack} 装入时仍在另一包装内 / {pack} was still packed elsewhere",
    "not_in_case": "{pack} 拆出时不在该包装内 / {pack} was not in what it came out of",
    "packed_in_itself": "{pack} 不能装入自身之内 / {pack} cannot be packed inside itself",
    "budget_exceeded": "累计温度暴露已超出允许值 / The lot's temperature budget is used up",
    "vvm_used_up": "按温度记录推算，VVM 已到终点，请查看标签 / "
    "By its temperature record the VVM has reached its end point: look at the label",
    "frozen": "疫苗可能已冻结（最低 {celsius:g} °C）/ It was down to {celsius:g} °C: may be frozen",
    "exposure_unknown": "有 {minutes:.0f} 分钟没有温度记录 / "
    "No temperature record for {minutes:.0f} minutes",
    "wrong_order": "剂次顺序不符 / Doses out of order for this person",
    "dose_same_day": "此人同日已接种过该疫苗 / This person already had this vaccine on that day",
    "dose_repeated": "此人已接种过同一剂次 / This person already had this dose",
    "document_invalid": "身份证号码有误（位数、出生日期或校验码） / "
    "The resident number is wrong: its length, its date or its check digit",
    "born_on_differs": "出生日期与身份证号码不符 / "
    "The date of birth is not the one in the resident number",
    "born_on_impossible": "出生日期晚于接种日期，或早于 125 年前 / "
    "Born after this dose, or more than 125 years before it",
    "sex_differs": "性别与身份证号码不符 / The sex is not the one in the resident number",
    "recipient_differs": "姓名、出生日期或性别与该证件先前登记的不符 / "
    "Name, date of birth or sex differ from what was first recorded with this document",
    "more_out_than_in": "出库 {doses} 剂，当时库存仅 {held} 剂 / "
    "{doses} doses left, only {held} there",
    "corrected": "已由 {by} 更正 / Corrected by {by}",
    "withdrawn": "已由 {by} 撤销 / Withdrawn by {by}",
    "correction_waits": "尚无 {corrects} 的记录 / Nobody has reported {corrects} yet",
    "correction_of_other_kind": "{corrects} 是另一类记录，此更正无效 / "
    "{corrects} was reported as something of another kind: this corrects nothing",
    "correction_stray": "{corrects} 由另一单位上报，此更正无效 / "
    "{corrects} was reported by another site: this corrects nothing",
    "received_unshipped": "收到 {received} 剂，但没有对应的发货记录 / "
    "{received} doses received that nobody shipped",
    "received_more": "收到 {received} 剂，多于发货的 {shipped} 剂 / "
    "{received} doses received, {shipped} shipped",
    "received_less": "发货 {shipped} 剂，只收到 {received} 剂 / "
    "{shipped} doses shipped, {received} received",
}

_WAY_UNKNOWN = (
    "没有它到达此处的记录，温度经历不明 / "
    "No record of how it came there: its temperatures are not known"
)

#: What is said of a dose where the same of a lot would be said of today.
_TEXTS_OF_DOSES = {
    "lot_recalled": "接种时该批号正在召回 / The lot was being recalled when this dose was given",
    "lot_held": "接种时该批号已封存 / The lot was on hold when this dose was given",
    "not_at_site": "记录显示接种时该单位没有这一批号的疫苗 / "
    "By the record the site held none of the lot when this dose was given",
}

#: What is said of all facts of a lot and a site that have the same finding.
_SUMMARIES = {
    "used_before_received": "{count} 次使用或出库早于该单位收货 / "
    "Used or sent before the site received the lot: {count}",
    "not_at_site": "{count} 剂在从未收到该批号的单位接种 / "
    "Doses given where the lot never came: {count}",
    "more_used_than_held": "{count} 剂超出该单位当时的库存 / "
    "Doses given beyond what the site held: {count}",
    "more_out_than_in": "{count} 次出库多于库存 / More left than lay there: {count}",
    "received_unshipped": "{count} 次收货没有对应的发货 / Received what nobody shipped: {count}",
    "received_more": "{count} 次收货多于发货 / More received than shipped: {count}",
    "received_less": "{count} 次收货少于发货 / Less received than shipped: {count}",
    "pack_used_up": "{count} 次使用超出追溯码的剂数 / "
    "Uses of codes beyond the doses of their packs: {count}",
    "pack_in_two_places": "{count} 次同一追溯码出现在两个单位 / "
    "The same code at two sites: {count}",
    "in_two_cases": "{count} 次装入时包装仍在另一包装内 / "
    "Packed while still packed elsewhere: {count}",
    "not_in_case": "{count} 次拆出时包装不在其内 / "
    "Unpacked from a case that it was not in: {count}",
    "packed_in_itself": "{count} 次将包装装入自身之内 / Packed inside itself: {count}",
    "dose_without_lot": "{count} 剂没有批号 / Doses without a lot: {count}",
    "dose_after_expiry": "{count} 剂在过期后接种 / Doses given after expiry: {count}",
    "dose_while_held": "{count} 剂在封存期间接种 / Doses given while the lot was on hold: {count}",
    "dose_while_recalled": "{count} 剂在召回期间接种 / "
    "Doses given while the lot was being recalled: {count}",
    "moved_while_held": "{count} 次在封存期间移出 / Left while the lot was on hold: {count}",
    "no_journey_record": "{count} 次运输没有温度记录 / "
    "Journeys without a temperature record: {count}",
    "journey_record_gap": "{count} 次运输的温度记录有缺口 / "
    "Journeys with gaps in their temperature record: {count}",
    "destroyed_unwitnessed": "{count} 次销毁没有两名见证人 / "
    "Destroyed without two witnesses: {count}",
    "lot_unknown": "没有该批号的生产记录 / No record says that this lot was made",
    "goes_nowhere": "{count} 次出入库的出发地与目的地相同 / "
    "Movements to where they came from: {count}",
    "check_digit": "{count} 次出入库的产品编码校验位不对 / "
    "Movements of a product code with a wrong check digit: {count}",
    "pack_not_single": "{count} 次出入库的追溯码只表明产品或批号，不是单个包装 / "
    "Movements whose codes name a product or a lot instead of single packs: {count}",
    "correction_waits": "{count} 次更正的原记录尚未收到 / "
    "Corrections of what nobody has reported yet: {count}",
    "correction_of_other_kind": "{count} 次更正指向另一类记录，无效 / "
    "Corrections that name a report of another kind, and change nothing: {count}",
    "correction_stray": "{count} 次更正了其他单位的记录，无效 / "
    "Corrections of another site's reports, which change nothing: {count}",
}

#: Findings that stop an injection.
STOPPING = frozenset(
    {
        "lot_expired",
        "lot_recalled",
        "lot_held",
        "lot_unknown",
        "not_at_site",
        "pack_used_up",
        "pack_of_other_lot",
        "pack_in_two_places",
        "budget_exceeded",
        "frozen",
        "vvm_used_up",
        "open_too_long",
        "dose_repeated",
    }
)


def finding(code: str, **detail: Any) -> dict[str, Any]:
    """A finding of the contract: its code and a sentence."""
    return {"code": code, "text": _TEXTS[code].format(**detail)}


def finding_of_unknown_way() -> dict[str, Any]:
    """That nobody recorded how something came there, so that its temperatures are not known."""
    return {"code": "exposure_unknown", "text": _WAY_UNKNOWN}


def finding_of_dose(code: str, **detail: Any) -> dict[str, Any]:
    """A finding of a dose that was given: what it tells was so then, and need not be so now."""
    text = _TEXTS_OF_DOSES.get(code, _TEXTS[code])
    return {"code": code, "text": text.format(**detail)}


def summary(code: str, count: int) -> dict[str, Any]:
    """A finding of a lot and a site: its code, and a sentence of how often."""
    return {"code": code, "text": _SUMMARIES[code].format(count=count)}
