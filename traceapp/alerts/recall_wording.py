"""The words of the e-mails about a recall, Chinese and English side by side."""

from __future__ import annotations

from traceapp.alerts.letter import Letter, Text, clean, shown
from traceapp.trace.recall_alert import RecallFacts

_MOST_SITES = 50
_ZH_CLASS = {
    1: "一级（可能引起严重健康危害）",
    2: "二级（可能引起暂时的健康危害）",
    3: "三级（一般不会引起健康危害）",
}
_EN_CLASS = {
    1: "1 (may cause serious harm)",
    2: "2 (may cause temporary harm)",
    3: "3 (hardly causes harm)",
}


def recall_letter(facts: RecallFacts) -> Letter:
    """The e-mail about a recall, or the reminder of one."""
    kind = "recall-reminder" if facts.is_reminder else "recall"
    name = f"{kind}-{facts.recall_id}-{facts.nth}"
    return Letter(name, f"/recalls/{facts.recall_id}", {"zh": _zh(facts), "en": _en(facts)})


def _zh(facts: RecallFacts) -> Text:
    product = clean(facts.product) or facts.gtin
    level = "召回催办" if facts.is_reminder else "召回"
    rows = [
        ("事件", "召回尚未确认" if facts.is_reminder else "召回"),
        ("疫苗", f"{product}（{facts.gtin}）"),
        ("批号", clean(facts.number)),
        ("级别", _ZH_CLASS.get(facts.urgency, str(facts.urgency))),
        ("原因", clean(facts.reason)),
        ("范围", clean(facts.where) or "全国"),
        ("召回时间", shown(facts.at)),
        ("须做", "立即停止接种，清点并隔离剩余疫苗，按退回登记，并在链接页面确认知悉。"),
    ]
    if facts.expires_on:
        rows.insert(3, ("有效期至", facts.expires_on.isoformat()))
    names = [
        f"{clean(site.name)}（{site.code}）：现存 {site.doses} 剂"
        for site in facts.sites[:_MOST_SITES]
    ]
    if more := len(facts.sites) - len(names):
        names.append(f"另有 {more} 个单位，见链接。")
    return Text(
        tag="zh-CN",
        subject=f"【{level}】{product}，批号 {facts.number}",
        rows=rows,
        list_title="尚未确认的单位" if facts.is_reminder else "持有、待收或曾接种该批号的单位",
        items=names,
        link="召回报告",
        why="您收到此邮件，是因为您被登记为该区域的联系人。未确认前将定期提醒。",
    )


def _en(facts: RecallFacts) -> Text:
    product = clean(facts.product_en or facts.product) or facts.gtin
    level = "Recall, reminder" if facts.is_reminder else "Recall"
    rows = [
        ("What", "A recall that is not acknowledged yet" if facts.is_reminder else "A recall"),
        ("Vaccine", f"{product} ({facts.gtin})"),
        ("Lot", clean(facts.number)),
        ("Class", _EN_CLASS.get(facts.urgency, str(facts.urgency))),
        ("Reason", clean(facts.reason)),
        ("Reach", clean(facts.where_en or facts.where) or "the whole country"),
        ("Since", shown(facts.at)),
        ("To do", "Stop giving it, count and isolate what is left, return it, and acknowledge."),
    ]
    if facts.expires_on:
        rows.insert(3, ("Expires", facts.expires_on.isoformat()))
    names = [
        f"{clean(site.name_en or site.name)} ({site.code}): {site.doses} doses there now"
        for site in facts.sites[:_MOST_SITES]
    ]
    if more := len(facts.sites) - len(names):
        names.append(f"and {more} more sites, see the link.")
    return Text(
        tag="en",
        subject=f"[{level}] {product}, lot {facts.number}",
        rows=rows,
        list_title=(
            "Sites that have not acknowledged"
            if facts.is_reminder
            else "Sites that hold, await or gave the lot"
        ),
        items=names,
        link="The recall's report",
        why="You are registered as a contact of this area. Reminders come until all have answered.",
    )
