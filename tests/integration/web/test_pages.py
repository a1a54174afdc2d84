"""The pages over the record: each is drawn, in both languages, for each role, within the scope."""

from __future__ import annotations

import re
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from config import Settings
from schemas.document import Refusal
from tests.integration.api.scene import DOCUMENT, GTIN, NUMBER, dose, play
from tests.integration.door import NOON, SECRET_KEY, Clock, Door
from traceapp.app import create_app
from traceapp.capture.rejection import keep_rejection
from traceapp.models.rejection import Rejection

_PAGES = [
    "/",
    "/overview/now",
    "/sites/CLINIC",
    "/units/FRIDGE",
    "/units/FRIDGE?hours=168",
    "/units/FRIDGE/now?hours=6",
    "/units/CDC-1",
    "/excursions",
    "/excursions?state=open",
    "/excursions/1",
    "/excursions/2",
    f"/lots/{GTIN}/{NUMBER}",
    f"/lots/{GTIN}/{NUMBER}/doses",
    f"/lots/{GTIN}/{NUMBER}/adverse-events",
    "/doses/d1",
    "/lookup",
    "/rejections",
    "/api/docs",
]


@pytest.fixture
def admin(door: Door) -> FlaskClient:
    """The administrator's browser after the story."""
    play(door)
    return door.browser()


def test_every_page_is_drawn_in_both_languages_and_names_nobody(
    door: Door, admin: FlaskClient
) -> None:
    for language in ("zh", "en"):
        admin.get(f"/language/{language}")
        for path in _PAGES:
            answer = admin.get(path)
            assert answer.status_code == 200, path
            assert DOCUMENT not in answer.text
            assert "张三丰" not in answer.text
            assert answer.headers["Cache-Control"] == "no-store"


def test_those_who_look_see_the_same_pages_but_the_refusals(door: Door, admin: FlaskClient) -> None:
    for role, site in (("viewer", None), ("vaccinator", "CLINIC")):
        client = door.client(door.token(role, "451481", site))
        assert client.get("/units/FRIDGE").status_code == 200
        assert client.get("/rejections").status_code == 403
        assert client.get("/mailbox").status_code == 403
        assert "duty@cdc.example" not in client.get("/excursions/1").text


def test_the_overview_shows_what_is_open_and_what_waits(door: Door, admin: FlaskClient) -> None:
    warm = [{"at": NOON.isoformat(), "celsius": 9.0}]
    body = {"sensor": "S1", "readings": warm}
    reporter = door.client(door.token("device"))
    assert reporter.post("/api/v1/readings", json=body).status_code == 201
    admin.get("/language/en")
    page = re.sub(r"\s+", " ", admin.get("/").text)
    assert "Too warm" in page
    assert "9.0 °C" in page
    assert "No mail server is set" in page


def test_the_page_of_an_excursion_leads_to_the_dose_and_the_lot(admin: FlaskClient) -> None:
    page = admin.get("/excursions/1").text
    assert 'href="/doses/d1"' in page
    assert f'href="/lots/{GTIN}/{NUMBER}"' in page
    assert 'href="/units/FRIDGE"' in page
    assert "<polyline" in page


def test_the_page_of_a_unit_lists_what_lies_in_it_by_the_ledger(admin: FlaskClient) -> None:
    row = re.search(r"<tr>[^\n]*" + NUMBER + r"</a>[^\n]*</tr>", admin.get("/units/FRIDGE").text)
    assert row is not None
    assert '<td class="n">99</td>' in row.group()
    assert NUMBER not in admin.get("/units/CDC-1").text


def test_a_dose_and_a_lot_of_which_little_is_known_have_pages(
    door: Door, admin: FlaskClient
) -> None:
    reporter = door.client(door.token("officer"))
    unknown = {**dose("d2"), "pack": "84000000000000000001", "dose_number": 2}
    unknown.pop("lot")
    assert reporter.post("/api/v1/doses", json=unknown).status_code == 201
    strange = dose("d3", lot={"gtin": "06901234567809", "number": "STRANGE"}, dose_number=3)
    assert reporter.post("/api/v1/doses", json=strange).status_code == 201
    for path in ("/doses/d2", "/doses/d3", "/lots/06901234567809/STRANGE"):
        for reader in (admin, reporter):
            answer = reader.get(path)
            assert answer.status_code == 200, path
            assert "None" not in answer.text
    assert "lot_unknown" in admin.get("/doses/d2").text
    traced = reporter.get("/api/v1/doses/d2/trace").get_json()
    assert (traced["lot"], traced["source"], traced["path"]) == (None, None, [])


def test_without_a_choice_the_browser_decides_and_then_chinese(door: Door) -> None:
    client = door.client()
    assert "登录" in client.get("/sign-in").text
    assert "登录" in client.get("/sign-in", headers={"Accept-Language": "fr"}).text
    english = client.get("/sign-in", headers={"Accept-Language": "en-GB,en;q=0.9"})
    assert "Sign in" in english.text
    client.get("/language/zh")
    assert "登录" in client.get("/sign-in", headers={"Accept-Language": "en"}).text
    away = client.get("/language/en?next=//evil.example")
    assert away.location == "/"


def test_the_mailbox_shows_each_mail_in_a_frame_that_runs_nothing(
    door: Door, tmp_path: Path
) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"] = "coldchain@example.org", "duty@cdc.example"
    mail["Subject"], mail["Date"] = "【报警】温度超标", "Sun, 09 May 2021 12:00:00 +0800"
    mail.set_content("正文")
    mail.add_alternative("<p>正文</p><script>alert(1)</script>", subtype="html")
    (tmp_path / "0001.eml").write_bytes(mail.as_bytes())
    settings = Settings(mailbox=str(tmp_path), secret_key_given=SECRET_KEY)
    client = create_app(settings, door.database, clock=Clock()).test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {door.token('admin')}"
    assert "【报警】温度超标" in client.get("/mailbox").text
    page = client.get("/mailbox/0001").text
    assert "sandbox=" in page
    assert "alert(1)" not in page
    frame = client.get("/mailbox/0001/html")
    assert "正文" in frame.text
    assert frame.content_type == "text/html; charset=utf-8"
    policy = frame.headers["Content-Security-Policy"]
    assert "sandbox" in policy
    assert "script-src" not in policy
    assert "default-src 'none'" in policy
    assert client.get("/mailbox/0002").status_code == 404
    assert client.get("/mailbox/..%2f0001").status_code == 404


def test_without_a_mailbox_there_is_none(door: Door) -> None:
    assert door.client(door.token("admin")).get("/mailbox").status_code == 404


def test_a_refusal_that_was_taken_in_after_all_says_so(door: Door, admin: FlaskClient) -> None:
    refusal = Refusal("unknown_unit", "to", "a registered unit", "X")
    with door.database.begin() as session:
        keep_rejection(session, "coldchain/v1/CDC/movements", b"{}", refusal, NOON, "CDC")
    admin.get("/language/zh")
    assert "已补收" not in admin.get("/rejections").text
    with door.database.begin() as session:
        session.execute(update(Rejection).values(replayed_at=NOON))
    assert "已补收" in admin.get("/rejections").text


def test_a_page_says_what_is_not_there_in_the_language_of_its_reader(admin: FlaskClient) -> None:
    html = {"Accept": "text/html"}
    admin.get("/language/zh")
    for path, said in (
        ("/doses/nope", "没有您可见的剂次 nope。"),
        ("/units/nope", "没有您可见的设备 nope。"),
        ("/recalls/9", "没有您可见的召回 9。"),
    ):
        answer = admin.get(path, headers=html)
        assert answer.status_code == 404
        assert said in answer.text
        assert "There is no" not in answer.text
        assert "Not Found" not in answer.text
    assert "There is nothing" not in admin.get("/nowhere", headers=html).text
    admin.get("/language/en")
    assert "There is no dose nope that you may see." in admin.get("/doses/nope", headers=html).text
    assert "404 Not Found" in admin.get("/doses/nope", headers=html).text
