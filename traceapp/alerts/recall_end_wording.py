"""The words of the e-mail that says that a recall is over, Chinese and English side by side."""

from __future__ import annotations

from traceapp.alerts.letter import Letter, Text, clean, shown
from traceapp.trace.recall_alert import RecallFacts

_MOST_SITES = 50


def recall_end_letter(facts: RecallFacts) -> Letter:
    """The e-mail to somebody who was told of a recall that is now over."""
    name = f"recall-over-{facts.recall_id}"
    return Letter(name, f"/recalls/{facts.recall_id}", {"zh": _zh(facts), "en": _en(facts)})


def _zh(facts: RecallFacts) -> Text:
    product = clean(facts.product) or facts.gtin
    names = [f"{clean(site.name)}（{site.code}）" for site in facts.sites[:_MOST_SITES]]
    if more := len(facts.sites) - len(names):
        names.append(f"另有 {more} 个单位，见链接。")
    rows = [
        ("事件", "召回已结束"),
        ("疫苗", f"{product}（{facts.gtin}）"),
        ("批号", clean(facts.number)),
        ("召回原因", clean(facts.reason)),
        ("范围", clean(facts.where) or "全国"),
        ("召回时间", shown(facts.at)),
        ("须做", "不再催办。该批号能否使用，以接种前核查结果为准。"),
    ]
    if facts.end is not None:
        ended = [("结束时间", shown(facts.end.at)), ("结束原因", clean(facts.end.reason))]
        rows[-1:-1] = ended
    return Text(
        tag="zh-CN",
        subject=f"【召回结束】{product}，批号 {facts.number}",
        rows=rows,
        list_title="曾通知您的单位",
        items=names,
        link="召回报告",
        why="您收到此邮件，是因为曾向您通知这一召回。",
    )


def _en(facts: RecallFacts) -> Text:
    product = clean(facts.product_en or facts.product) or facts.gtin
    names = [f"{clean(site.name_en or site.name)} ({site.code})" for site in facts.sites]
    if more := len(names[_MOST_SITES:]):
        names[_MOST_SITES:] = [f"and {more} more sites, see the link."]
    rows = [
        ("What", "A recall that is over"),
        ("Vaccine", f"{product} ({facts.gtin})"),
        ("Lot", clean(facts.number)),
        ("Reason of the recall", clean(facts.reason)),
        ("Reach", clean(facts.where_en or facts.where) or "the whole country"),
        ("Since", shown(facts.at)),
        (
            "To do",
            "No more reminders. Whether it may be given the check before the injection says.",
        ),
    ]
    if facts.end is not None:
        rows[-1:-1] = [("Over since", shown(facts.end.at)), ("Why over", clean(facts.end.reason))]
    return Text(
        tag="en",
        subject=f"[Recall over] {product}, lot {facts.number}",
        rows=rows,
        list_title="Sites that we told you of",
        items=names,
        link="The recall's report",
        why="You get this because you were told of the recall.",
    )
