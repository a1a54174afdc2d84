"""What the e-mails about recalls say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from traceapp.alerts.compose import compose
from traceapp.alerts.recall_end_wording import recall_end_letter
from traceapp.alerts.recall_wording import recall_letter
from traceapp.trace.recall_alert import End, RecallFacts, ToldSite

NOW = datetime(2021, 5, 9, 1, 0, tzinfo=UTC)
FACTS = RecallFacts(
    recall_id=7,
    nth=0,
    is_reminder=False,
    gtin="06901234567892",
    number="202105C0147",
    product="灭活疫苗",
    product_en="Vero vaccine",
    expires_on=date(2023, 5, 1),
    urgency=2,
    reason="sterility in doubt",
    at=NOW,
    where="凭祥市",
    where_en=None,
    sites=(ToldSite("4514810001", "凭祥市妇幼保健院接种点", "Pingxiang Clinic", 90),),
)


def said(facts: RecallFacts, language: str) -> str:
    text = recall_letter(facts).texts[language]
    rows = [f"{name}: {value}" for name, value in text.rows]
    return "\n".join([text.subject, *rows, text.list_title, *text.items])


def test_it_says_what_is_recalled_why_how_gravely_where_and_who_is_to_answer() -> None:
    chinese, english = said(FACTS, "zh"), said(FACTS, "en")
    for fact in (
        "【召回】灭活疫苗，批号 202105C0147",
        "二级",
        "凭祥市",
        "2021-05-09 09:00",
        "（4514810001）：现存 90 剂",
    ):
        assert fact in chinese
    for fact in ("[Recall] Vero vaccine, lot 202105C0147", "Class: 2", "Pingxiang Clinic"):
        assert fact in english
    for text in (chinese, english):
        assert "sterility in doubt" in text
        assert "2023-05-01" in text


def test_a_recall_of_the_country_says_so() -> None:
    everywhere = replace(FACTS, where=None)
    assert "全国" in said(everywhere, "zh")
    assert "the whole country" in said(everywhere, "en")


def test_a_reminder_is_another_e_mail_than_the_recall_and_than_the_reminder_before() -> None:
    reminder = replace(FACTS, is_reminder=True)
    names = {recall_letter(one).name for one in (FACTS, reminder, replace(reminder, nth=1))}
    assert len(names) == 3
    assert said(reminder, "en").startswith("[Recall, reminder]")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_of_many_sites_the_first_are_named_and_the_others_counted(language: str) -> None:
    sites = tuple(ToldSite(f"S{n}", f"接种点{n}", None, n) for n in range(60))
    items = recall_letter(replace(FACTS, sites=sites)).texts[language].items
    assert len(items) == 51
    assert "10" in items[-1]


def test_a_name_can_neither_end_a_header_nor_hide_markup() -> None:
    evil = replace(FACTS, product="疫苗\r\nBcc: a@b.example", reason="<b>x</b>")
    message = compose(
        recall_letter(evil),
        "duty@cdc.example",
        "zh",
        sender="coldchain@example.org",
        base_url="https://trace.example.org",
        now=NOW,
    )
    assert message["Bcc"] is None
    page = message.get_body(("html",))
    assert page is not None
    assert "&lt;b&gt;x&lt;/b&gt;" in page.get_content()
    assert "https://trace.example.org/recalls/7" in page.get_content()


def test_the_end_of_a_recall_says_when_it_was_over_and_why() -> None:
    ended = replace(FACTS, end=End(NOW + timedelta(days=3), "sterile after all"))
    letter = recall_end_letter(ended)
    assert letter.name == "recall-over-7"
    for language, subject, row in (
        ("zh", "【召回结束】灭活疫苗，批号 202105C0147", ("结束原因", "sterile after all")),
        ("en", "[Recall over] Vero vaccine, lot 202105C0147", ("Why over", "sterile after all")),
    ):
        text = letter.texts[language]
        assert text.subject == subject
        assert row in text.rows
        assert any("2021-05-12 09:00" in value for _, value in text.rows)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_of_many_sites_whose_recall_is_over_the_others_are_counted(language: str) -> None:
    sites = tuple(ToldSite(f"S{n}", f"接种点{n}", None, n) for n in range(60))
    items = recall_end_letter(replace(FACTS, sites=sites)).texts[language].items
    assert len(items) == 51
    assert "10" in items[-1]
