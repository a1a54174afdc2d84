"""Adverse events over HTTP: reported against a dose, corrected, counted by lot, told to few."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from schemas.adverse_event import EVENTS, OUTCOMES, REPORTERS, SERIOUSNESS
from tests.integration.api.scene import DOCUMENT, GTIN, NUMBER, dose, moment
from tests.integration.door import SECRET_KEY, Door
from traceapp.capture.forgetting import forget_some
from traceapp.capture.resealing import reseal_texts
from traceapp.models.account import Audit
from traceapp.models.adverse_event import AdverseEvent
from traceapp.models.rejection import Conflict
from traceapp.rules.calendar import CHINA
from traceapp.trace.recipient import is_any_under_another_key
from traceapp.vault import SealBroken, SealedText, Vault
from traceapp.web.labels import LABELS

_DOSE = "/api/v1/doses/d1/adverse-events"
_LOT = f"/api/v1/lots/{GTIN}/{NUMBER}/adverse-events"
_WORDS = f"张三丰 {DOCUMENT}: 39 °C"


def event(id: str, **more: Any) -> dict[str, Any]:  # noqa: A002  the wire's word
    return {
        "id": id,
        "onset_at": moment(0),
        "reported_at": moment(1),
        "events": ["fever"],
        "seriousness": [],
        "outcome": "recovered",
        "reporter": "vaccinator",
        "description": _WORDS,
        **more,
    }


def lines(door: Door, action: str) -> list[Audit]:
    with door.database.read() as session:
        return list(session.scalars(select(Audit).where(Audit.action == action)))


def test_a_report_is_kept_once_and_listed_without_its_words(door: Door, admin: FlaskClient) -> None:
    first = admin.post(_DOSE, json=event("e1"))
    assert (first.status_code, first.headers["Location"]) == (201, _DOSE)
    assert first.get_json() == {"id": "e1", "dose": "d1"}
    assert admin.post(_DOSE, json=event("e1")).status_code == 200
    answer = admin.get(_DOSE)
    [item] = answer.get_json()["items"]
    assert (item["events"], item["outcome"], item["has_description"]) == (
        ["fever"],
        "recovered",
        True,
    )
    assert DOCUMENT not in answer.text
    with door.database.read() as session:
        row = session.scalars(select(AdverseEvent)).one()
        assert DOCUMENT.encode() not in (row.sealed or b"")
    assert [line.detail for line in lines(door, "list adverse events")] == [{"events": ["e1"]}]
    assert [line.object for line in lines(door, "record adverse event")] == ["e1", "e1"]


@pytest.mark.parametrize(
    "change", [{"outcome": "recovering"}, {"description": "other words"}, {"description": None}]
)
def test_other_content_under_a_known_id_is_a_conflict_kept_without_its_words(
    door: Door, admin: FlaskClient, change: dict[str, Any]
) -> None:
    admin.post(_DOSE, json=event("e1"))
    other = {key: value for key, value in event("e1", **change).items() if value is not None}
    assert admin.post(_DOSE, json=other).status_code == 409
    with door.database.read() as session:
        kept = session.scalars(select(Conflict)).one()
        assert (kept.noun, kept.key, kept.site_code) == ("adverse_event", "e1", "CLINIC")
        assert "words" not in str(kept.came)
    assert admin.get(_DOSE).get_json()["items"][0]["outcome"] == "recovered"


def test_a_known_id_against_another_dose_is_a_conflict(admin: FlaskClient) -> None:
    admin.post("/api/v1/doses", json=dose("d2", dose_number=2))
    admin.post(_DOSE, json=event("e1"))
    again = admin.post("/api/v1/doses/d2/adverse-events", json=event("e1"))
    assert again.status_code == 409
    assert admin.get("/api/v1/doses/d2/adverse-events").get_json() == {"items": []}


def test_a_correction_is_a_new_report_and_replaces_the_old_one_in_the_counts(
    admin: FlaskClient,
) -> None:
    admin.post(_DOSE, json=event("e1"))
    worse = {"seriousness": ["hospitalization"], "events": ["anaphylaxis"], "corrects": "e1"}
    assert admin.post(_DOSE, json=event("e2", **worse)).status_code == 201
    items = admin.get(_DOSE).get_json()["items"]
    assert [(one["id"], one["corrects"], one["corrected_by"]) for one in items] == [
        ("e2", "e1", None),
        ("e1", None, "e2"),
    ]
    found = admin.get(_LOT).get_json()
    assert (found["reports"], found["serious"]) == (1, 1)
    assert [one["id"] for one in found["items"]] == ["e2"]
    assert [one["event"] for one in found["counts"]] == ["anaphylaxis"]
    for corrects in ("e1", "none"):
        refused = admin.post(_DOSE, json=event("e3", corrects=corrects))
        assert (refused.status_code, list(refused.get_json()["errors"])) == (422, ["corrects"])


def test_a_lots_events_stand_beside_what_their_doses_lived_through(
    door: Door, admin: FlaskClient
) -> None:
    for number in (2, 3, 4):
        admin.post("/api/v1/doses", json=dose(f"d{number}", hours=-0.5, dose_number=number))
    admin.post(_DOSE, json=event("e1"))
    both = event("e2", events=["abscess", "fever"], reported_at=moment(2))
    admin.post("/api/v1/doses/d2/adverse-events", json=both)
    found = admin.get(_LOT).get_json()
    assert (found["doses_given"], found["reports"], found["serious"]) == (4, 2, 0)
    assert found["per_100000_doses"] == 50_000
    assert found["counts"] == [
        {"event": "fever", "reports": 2, "per_100000_doses": 50_000},
        {"event": "abscess", "reports": 1, "per_100000_doses": 25_000},
    ]
    assert [one["dose"] for one in found["items"]] == ["d2", "d1"]
    trace = admin.get("/api/v1/doses/d1/trace").get_json()
    assert found["items"][1]["exposure"] == trace["exposure"]
    assert found["items"][1]["findings"] == trace["findings"]
    assert trace["exposure"]["minutes_above"] == 120
    first = admin.get(f"{_LOT}?limit=1").get_json()
    second = admin.get(_LOT, query_string={"limit": "1", "cursor": first["next"]}).get_json()
    assert [one["id"] for one in first["items"] + second["items"]] == ["e2", "e1"]
    assert second["next"] is None
    assert lines(door, "list adverse events")[0].object == f"{GTIN}/{NUMBER}"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"onset_at": moment(-2)}, "onset_at"),
        ({"onset_at": moment(30), "reported_at": moment(30)}, "onset_at"),
        ({"reported_at": moment(-0.5)}, "reported_at"),
        ({"reported_at": moment(30)}, "reported_at"),
        ({"events": []}, "events"),
        ({"events": ["fever", "fever"]}, "events"),
        ({"events": [DOCUMENT]}, "events.0"),
        ({"outcome": "died"}, "outcome"),
        ({"seriousness": ["death"]}, "outcome"),
        ({"died_on": "2021-05-09"}, "died_on"),
        ({"seriousness": ["death"], "outcome": "died", "died_on": "2021-05-01"}, "died_on"),
        ({"events": ["other"], "description": None}, "description"),
        ({"reporter": "Dr Zhang"}, "reporter"),
        ({"description": "x" * 4_001}, "description"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field_and_stores_nothing(
    admin: FlaskClient, change: dict[str, Any], field: str
) -> None:
    body = {key: value for key, value in event("e1", **change).items() if value is not None}
    answer = admin.post(_DOSE, json=body)
    assert (answer.status_code, list(answer.get_json()["errors"])) == (422, [field])
    assert DOCUMENT not in answer.text
    assert "Zhang" not in answer.text
    assert admin.get(_DOSE).get_json()["items"] == []


def test_each_role_and_place_may_do_what_it_must(door: Door, admin: FlaskClient) -> None:
    admin.post(_DOSE, json=event("e1"))
    told = {
        ("vaccinator", "451481", "CLINIC"): (201, 200),
        ("officer", "450000", None): (201, 200),
        ("vaccinator", "451481", "CDC"): (404, 404),
        ("officer", "110000", None): (404, 404),
        ("viewer", "451481", None): (403, 403),
        ("device", "451481", "CLINIC"): (403, 403),
    }
    for number, ((role, division, site), expected) in enumerate(told.items()):
        client = door.client(door.token(role, division, site))
        report = client.post(_DOSE, json=event(f"by-{number}"))
        words = client.post("/api/v1/adverse-events/e1/reveal", json={"reason": "call them"})
        assert (report.status_code, words.status_code) == expected, (role, division, site)
        assert (DOCUMENT in words.text) == (words.status_code == 200)
    assert admin.post("/api/v1/doses/none/adverse-events", json=event("e9")).status_code == 404


def test_counts_and_lists_obey_the_scope(door: Door, admin: FlaskClient) -> None:
    admin.post(_DOSE, json=event("e1"))
    maker = door.client(door.token("officer", "110000"))
    found = maker.get(_LOT).get_json()
    assert (found["doses_given"], found["reports"], found["items"]) == (0, 0, [])
    assert found["per_100000_doses"] is None
    assert maker.get(_DOSE).status_code == 404
    assert door.client(door.token("officer", "310000")).get(_LOT).status_code == 404
    assert door.client(door.token("viewer", "451481")).get(_LOT).get_json()["reports"] == 1


def test_words_are_shown_for_a_reason_that_is_written_down(door: Door, admin: FlaskClient) -> None:
    admin.post(_DOSE, json=event("e1"))
    url = "/api/v1/adverse-events/e1/reveal"
    assert admin.post(url, json={"reason": " "}).status_code == 422
    answer = admin.post(url, json={"reason": f"call {DOCUMENT}"})
    assert answer.get_json() == {"id": "e1", "description": _WORDS}
    [line] = lines(door, "reveal adverse event")
    assert (line.object, (line.detail or {})["dose"]) == ("e1", "d1")
    assert DOCUMENT not in str(line.detail)
    with door.database.begin() as session:
        session.execute(update(AdverseEvent).values(sealed=b"nothing of ours at all"))
    assert admin.post(url, json={"reason": "call them"}).status_code == 503


def test_words_go_with_the_person_and_the_report_stays(door: Door, admin: FlaskClient) -> None:
    admin.post(_DOSE, json=event("e1"))
    door.clock.forward(days=3_000)
    before = door.clock().astimezone(CHINA).date()
    with door.database.begin() as session:
        assert forget_some(session, before, 0, 10).recipients == 1
    [item] = admin.get(_DOSE).get_json()["items"]
    assert (item["events"], item["has_description"]) == (["fever"], False)
    gone = admin.post("/api/v1/adverse-events/e1/reveal", json={"reason": "call them"})
    assert gone.status_code == 404
    assert admin.post(_DOSE, json=event("e1")).status_code == 200


def test_words_are_sealed_anew_under_a_new_key(door: Door, admin: FlaskClient) -> None:
    admin.post(_DOSE, json=event("e1"))
    new = Vault("another secret of the tests, long enough", [SECRET_KEY])
    with door.database.begin() as session:
        assert not is_any_under_another_key(session, [new.key_id, *new.other_key_ids])
        assert reseal_texts(session, new, 0, 10).resealed == 1
    only_new = Vault("another secret of the tests, long enough")
    with door.database.read() as session:
        row = session.scalars(select(AdverseEvent)).one()
        assert row.sealed is not None
        assert row.key_id == new.key_id
        assert only_new.open_text(SealedText(new.key_id, row.sealed), "e1") == _WORDS
        with pytest.raises(SealBroken):
            only_new.open_text(SealedText(new.key_id, row.sealed), "e2")
        assert is_any_under_another_key(session, [Vault(SECRET_KEY).key_id])


def test_the_pages_show_reports_and_words_only_for_a_reason(door: Door, admin: FlaskClient) -> None:
    admin.post(_DOSE, json=event("e1", seriousness=["hospitalization"]))
    browser = door.browser("officer")
    browser.get("/language/en")
    for path in ("/doses/d1", f"/lots/{GTIN}/{NUMBER}", f"/lots/{GTIN}/{NUMBER}/adverse-events"):
        page = browser.get(path).text
        assert "Adverse events" in page, path
        assert DOCUMENT not in page
    page = browser.get("/doses/d1").text
    assert "fever of 38 °C or more" in page
    assert "hospitalization" in page
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    form = {"reason": "call them", "csrf_token": token}
    headers = {"Origin": door.base_url}
    shown = browser.post("/adverse-events/e1/reveal", data=form, headers=headers)
    assert DOCUMENT in shown.text


def test_every_word_of_a_report_has_a_name_on_the_pages() -> None:
    words = {"event": EVENTS, "seriousness": SERIOUSNESS, "outcome": OUTCOMES}
    for kind, codes in {**words, "reporter": REPORTERS}.items():
        assert set(LABELS[kind]) == set(codes), kind
