"""What the e-mails say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceapp.alerts.compose import compose, message_id
from traceapp.alerts.excursion_wording import excursion_letter
from traceapp.trace.alert import ExcursionFacts, LotStanding

NOW = datetime(2021, 5, 9, 1, 0, tzinfo=UTC)
LOT = LotStanding(
    "06901234567892", "202105C0147", "灭活疫苗", "Vero vaccine", date(2023, 5, 1), 1200, 900
)
FACTS = ExcursionFacts(
    excursion_id=17,
    unit="PX-FY-01",
    unit_name="1号冰箱",
    unit_name_en="Refrigerator 1",
    unit_type="refrigerator",
    site="4514810001",
    site_name="凭祥市妇幼保健院接种点",
    site_name_en=None,
    division="451481",
    rule="hot",
    level="alarm",
    side="above",
    state="open",
    limit_celsius=8.0,
    peak_celsius=12.3,
    started_at=datetime(2021, 5, 9, 0, 0, tzinfo=UTC),
    triggered_at=datetime(2021, 5, 9, 0, 15, tzinfo=UTC),
    ended_at=None,
    heard_at=datetime(2021, 5, 9, 0, 35, tzinfo=UTC),
    minutes=35.0,
    unknown_minutes=0.0,
    is_late=False,
    revision=1,
    lots=(LOT,),
)


def mail(language: str = "zh", recipient: str = "duty@cdc.example", **changes: Any) -> EmailMessage:
    """The e-mail as a mail program reads it."""
    facts = replace(FACTS, **changes)
    sender, base_url = "coldchain@example.org", "https://trace.example.org"
    letter = excursion_letter(facts)
    composed = compose(letter, recipient, language, sender=sender, base_url=base_url, now=NOW)
    read = message_from_bytes(composed.as_bytes(), policy=policy.default)
    assert isinstance(read, EmailMessage)
    return read


def text(message: EmailMessage, kind: str = "plain") -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_it_says_what_happened_where_since_when_how_far_and_which_lots_stood_there() -> None:
    said = text(mail())
    for fact in (
        "报警：温度高于上限 8 °C",
        "凭祥市妇幼保健院接种点（4514810001） 1号冰箱（PX-FY-01）",
        "2021-05-09 08:00 (+08:00)",
        "至今 35 分钟，尚未结束",
        "最高温度：12.3 °C",
        "灭活疫苗，批号 202105C0147",
        "1200 剂（现在仍在此处 900 剂）",
        "https://trace.example.org/excursions/17",
    ):
        assert fact in said


def test_both_languages_are_there_and_the_recipients_comes_first() -> None:
    chinese, english = mail("zh"), mail("en")
    assert text(chinese).index("事件：") < text(chinese).index("What: ")
    assert text(english).index("What: ") < text(english).index("事件：")
    assert chinese["Subject"].startswith("【报警】温度高于上限 8 °C，达 12.3 °C")
    assert english["Subject"] == (
        "[Alarm] too warm, above 8 °C, reached 12.3 °C: Refrigerator 1, 凭祥市妇幼保健院接种点"
    )


def test_the_page_says_what_the_plain_text_says() -> None:
    page = text(mail(), "html")
    for fact in ("12.3 °C", "202105C0147", "1号冰箱", "Vero vaccine", "35 minutes so far"):
        assert fact in page
    assert '<a href="https://trace.example.org/excursions/17">' in page


def test_an_ended_episode_says_when_and_a_late_one_that_it_was_found_late() -> None:
    ended = datetime(2021, 5, 9, 0, 40, tzinfo=UTC)
    said = text(mail(ended_at=ended, state="ended", minutes=40.0, is_late=True))
    assert "40 分钟，2021-05-09 08:40 (+08:00) 结束" in said
    assert "40 minutes, ended 2021-05-09 08:40 (+08:00)" in said
    assert "事后发现：读数补传较晚" in said


def test_unknown_minutes_are_said() -> None:
    said = text(mail(unknown_minutes=20.0))
    assert "其中 20 分钟没有读数" in said
    assert "20 minutes of it without readings" in said


@pytest.mark.parametrize(
    ("minutes", "chinese", "english"),
    [
        (59.4, "59 分钟", "59 minutes"),
        (173.7, "2 小时 54 分", "2 h 54 min"),
        (2_910_874.0, "2021 天 10 小时", "2021 d 10 h"),
    ],
)
def test_a_long_time_is_told_in_days_and_hours(minutes: float, chinese: str, english: str) -> None:
    said = text(mail(minutes=minutes))
    assert f"至今 {chinese}，" in said
    assert f"{english} so far" in said


@pytest.mark.parametrize(
    ("side", "words"),
    [("below", "温度低于下限"), ("silence", "没有收到温度读数"), ("door", "门"), ("power", "停电")],
)
def test_every_side_has_its_words(side: str, words: str) -> None:
    limit = -0.5 if side == "below" else None
    message = mail(side=side, limit_celsius=limit, peak_celsius=limit)
    assert words in message["Subject"]
    assert ("−0.5 °C" in text(message)) == (side == "below")


def test_a_unit_without_vaccine_is_said_to_be_empty() -> None:
    said = text(mail(lots=()))
    assert "没有疫苗存放在此" in said
    assert "no vaccine lay there" in said


def test_many_lots_are_counted_and_not_all_named() -> None:
    said = text(mail(lots=tuple(replace(LOT, number=f"L{n}") for n in range(60))))
    assert said.count("批号 L") == 50
    assert "另有 10 个批号" in said


def test_the_same_e_mail_is_recognisable_as_the_same() -> None:
    assert mail()["Message-ID"] == mail(peak_celsius=13.0)["Message-ID"]
    assert mail()["Message-ID"] != mail(recipient="other@cdc.example")["Message-ID"]
    assert mail()["Message-ID"] != mail(excursion_id=18)["Message-ID"]
    assert "duty" not in message_id("excursion-17", "duty@cdc.example", "coldchain@example.org")


def test_the_same_facts_make_the_same_bytes() -> None:
    assert mail().as_bytes() == mail().as_bytes()


def test_a_machine_wrote_it_and_says_so() -> None:
    message = mail()
    assert message["Auto-Submitted"] == "auto-generated"
    assert (message["From"], message["To"]) == ("coldchain@example.org", "duty@cdc.example")


def test_every_line_fits_into_smtp() -> None:
    message = mail(site_name="很长的名字" * 40)
    assert max(len(line) for line in message.as_bytes().splitlines()) < 998
    assert all(byte < 128 for byte in message.as_bytes())


@pytest.mark.parametrize(
    "address", ["", "nobody", "a@b\r\nBcc: c@d", "a b@c", "a@b, c@d", "<a@b>x"]
)
def test_what_is_no_address_is_no_recipient(address: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        mail(recipient=address)


@given(st.text(min_size=1, max_size=300), st.sampled_from(["zh", "en"]))
def test_no_name_can_add_a_header_or_markup(name: str, language: str) -> None:
    plain = mail(language)
    named = mail(language, unit_name=name, unit_name_en=name, site_name=name)
    assert named.keys() == plain.keys()
    assert named["To"] == plain["To"]
    page = text(named, "html")
    assert page.count("<") == text(plain, "html").count("<")


def test_a_name_with_line_ends_stays_on_its_line() -> None:
    message = mail(unit_name="冰箱\r\nBcc: thief@example.org\n\n<script>")
    assert message["Bcc"] is None
    assert "<script>" not in text(message, "html")
    assert "冰箱 Bcc: thief@example.org <script>（PX-FY-01）" in text(message)
