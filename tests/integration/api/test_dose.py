"""Doses over HTTP: checked, recorded whatever is wrong with them, traced to their maker."""

from __future__ import annotations

from flask.testing import FlaskClient
from sqlalchemy import func, select

from tests.integration.api.scene import DOCUMENT, GTIN, NUMBER, dose
from tests.integration.door import Door
from traceapp.models.account import Audit
from traceapp.models.dose import Dose


def test_a_dose_is_recorded_once(admin: FlaskClient) -> None:
    first = admin.post("/api/v1/doses", json=dose("d2", dose_number=2))
    assert first.status_code == 201
    assert first.headers["Location"] == "/api/v1/doses/d2/trace"
    again = admin.post("/api/v1/doses", json=dose("d2", dose_number=2))
    assert again.status_code == 200
    assert again.get_json() == first.get_json()


def test_a_known_id_with_other_content_is_a_conflict_and_the_first_stands(
    door: Door, admin: FlaskClient
) -> None:
    answer = admin.post("/api/v1/doses", json=dose("d1", dose_number=3))
    assert answer.status_code == 409
    with door.database.read() as session:
        assert session.scalar(select(Dose.dose_number).where(Dose.code == "d1")) == 1


def test_a_dose_of_an_unknown_lot_is_recorded_with_its_finding(admin: FlaskClient) -> None:
    answer = admin.post("/api/v1/doses", json=dose("d2", lot={"gtin": GTIN, "number": "NONE"}))
    assert answer.status_code == 201
    assert "lot_unknown" in [one["code"] for one in answer.get_json()["findings"]]


def test_of_a_dose_whose_way_nobody_knows_the_temperatures_are_unknown_and_not_good(
    admin: FlaskClient,
) -> None:
    answer = admin.post("/api/v1/doses", json=dose("d2", lot={"gtin": GTIN, "number": "NONE"}))
    assert "exposure_unknown" in [one["code"] for one in answer.get_json()["findings"]]
    exposure = admin.get("/api/v1/doses/d2/trace").get_json()["exposure"]
    assert (exposure["observed_minutes"], exposure["max_celsius"]) == (0, None)
    assert (exposure["vvm_life_used"], exposure["budget_used"]) == (None, None)
    known = admin.get("/api/v1/doses/d1/trace").get_json()["exposure"]
    assert known["observed_minutes"] > 0
    assert known["max_celsius"] is not None


def test_an_expired_dose_is_recorded_with_its_finding(door: Door, admin: FlaskClient) -> None:
    door.clock.forward(days=400)
    answer = admin.post("/api/v1/doses", json=dose("d2", hours=24 * 399))
    assert answer.status_code == 201
    assert "lot_expired" in [one["code"] for one in answer.get_json()["findings"]]


def test_a_site_that_nobody_registered_is_not_found(admin: FlaskClient) -> None:
    assert admin.post("/api/v1/doses", json=dose("d2", site="NONE")).status_code == 404
    assert admin.post("/api/v1/doses", json=dose("d2", unit="CDC-1")).status_code == 422


def test_a_dose_is_traced_back_to_its_maker(admin: FlaskClient) -> None:
    trace = admin.get("/api/v1/doses/d1/trace").get_json()
    assert trace["source"]["manufacturer"] == "厂"
    assert [stay["unit"] for stay in trace["path"]][-1] == "FRIDGE"
    assert trace["exposure"]["minutes_above"] == 120.0
    assert trace["excursions"]


def test_nobody_is_named_in_a_trace(admin: FlaskClient) -> None:
    text = admin.get("/api/v1/doses/d1/trace").text
    assert DOCUMENT not in text
    assert "张三丰" not in text
    assert "4514**********1234" in text


def test_the_check_says_give_or_stop_and_why(door: Door, admin: FlaskClient) -> None:
    query = {"gtin": GTIN, "lot": NUMBER, "site": "CLINIC"}
    answer = admin.get("/api/v1/doses/check", query_string=query)
    assert answer.status_code == 200
    assert answer.get_json()["verdict"] == "give"
    elsewhere = admin.get("/api/v1/doses/check", query_string={**query, "site": "CDC"})
    assert elsewhere.get_json()["verdict"] == "stop"
    assert [one["code"] for one in elsewhere.get_json()["findings"]] == ["not_at_site"]
    door.clock.forward(days=400)
    assert admin.get("/api/v1/doses/check", query_string=query).get_json()["verdict"] == "stop"


def test_half_a_lot_and_nothing_at_all_are_refused(admin: FlaskClient) -> None:
    for query in ("", "gtin=06901234567892", "lot=L1", "site=CLINIC"):
        assert admin.get(f"/api/v1/doses/check?{query}").status_code == 422, query


def test_a_vaccinator_records_at_the_own_site_alone(door: Door, admin: FlaskClient) -> None:
    vaccinator = door.client(door.token("vaccinator", "451481", "CLINIC"))
    assert vaccinator.post("/api/v1/doses", json=dose("d2")).status_code == 201
    elsewhere = dose("d3", site="CDC", unit="CDC-1")
    assert vaccinator.post("/api/v1/doses", json=elsewhere).status_code == 404
    own = vaccinator.get(f"/api/v1/doses/check?gtin={GTIN}&lot={NUMBER}")
    assert own.get_json()["verdict"] == "give"
    other = vaccinator.get(f"/api/v1/doses/check?gtin={GTIN}&lot={NUMBER}&site=CDC")
    assert other.status_code == 404


def test_recording_is_audited_without_the_person(door: Door, admin: FlaskClient) -> None:
    with door.database.read() as session:
        lines = session.scalars(select(Audit).where(Audit.action == "record dose")).all()
        assert session.scalar(select(func.count()).select_from(Dose)) == 1
    assert [(line.object, line.detail) for line in lines] == [("d1", None)]


def test_a_dose_that_nobody_can_have_given_yet_is_refused(admin: FlaskClient) -> None:
    answer = admin.post("/api/v1/doses", json=dose("d8", 25))
    assert answer.status_code == 422
    assert list(answer.get_json()["errors"]) == ["at"]


def test_a_document_of_blanks_is_refused(admin: FlaskClient) -> None:
    blank = {"document": "  ", "document_type": "resident"}
    answer = admin.post("/api/v1/doses", json=dose("d8", recipient=blank))
    assert answer.status_code == 422
    assert list(answer.get_json()["errors"]) == ["recipient.document"]
