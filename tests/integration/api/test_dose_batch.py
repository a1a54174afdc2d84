"""Doses in batches over HTTP: each judged for itself, with the findings that it has alone."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import func, select

from tests.integration.api.scene import GTIN, dose
from tests.integration.door import Door
from traceapp.models.account import Audit
from traceapp.models.dose import Dose
from traceapp.models.rejection import Rejection

BATCH = "/api/v1/doses/batch"


def report(client: FlaskClient, *doses: dict[str, Any]) -> Any:
    return client.post(BATCH, json={"doses": list(doses)})


def test_every_dose_of_a_batch_has_the_findings_that_it_has_alone(
    door: Door, admin: FlaskClient
) -> None:
    strange = dose("b2", lot={"gtin": GTIN, "number": "NONE"})
    answer = report(admin, dose("b1"), strange)
    assert answer.status_code == 201, answer.text
    document = answer.get_json()
    assert (document["stored"], document["repeated"], document["refused"]) == (2, 0, 0)
    alone = {
        code: admin.get(f"/api/v1/doses/{code}/trace").get_json()["findings"]
        for code in ("b1", "b2")
    }
    assert {one["id"]: one["findings"] for one in document["doses"]} == alone
    assert "lot_unknown" in {one["code"] for one in alone["b2"]}
    with door.database.read() as session:
        written = select(Audit.object).where(Audit.action == "record dose")
        assert {"b1", "b2"} <= set(session.scalars(written))


def test_the_same_batch_again_changes_nothing(admin: FlaskClient) -> None:
    first = report(admin, dose("b1"), dose("b2"))
    again = report(admin, dose("b1"), dose("b2"))
    assert again.status_code == 200
    assert (again.get_json()["stored"], again.get_json()["repeated"]) == (0, 2)
    assert again.get_json()["doses"] == first.get_json()["doses"]


def test_what_is_wrong_is_refused_by_its_place_and_the_rest_is_stored(
    door: Door, admin: FlaskClient
) -> None:
    nobody = dose("b4") | {"recipient": {"document": "", "document_type": "passport"}}
    answer = report(
        admin,
        dose("b1", site="NOWHERE"),
        dose("b2"),
        dose("d1", dose_number=7),
        nobody,
        dose("b5", unit="CDC-1"),
        {"id": "b6"},
    )
    document = answer.get_json()
    assert (document["stored"], document["refused"]) == (1, 5)
    told = [(one["field"], one["reason"]) for one in document["refusals"]]
    assert told[:4] == [
        ("[0].site", "unknown_site"),
        ("[2].id", "conflict"),
        ("[3].recipient.document", "invalid"),
        ("[4].unit", "invalid"),
    ]
    assert [one["id"] for one in document["doses"]] == ["b2"]
    with door.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Rejection)) == 0
        assert session.scalar(select(Dose.id).where(Dose.code == "b5")) is None


def test_what_was_said_of_a_person_is_not_repeated(admin: FlaskClient) -> None:
    secret = dose("b1") | {"recipient": {"document": "P1", "document_type": "HUSH", "name": "X"}}
    answer = report(admin, secret, dose("b2"))
    assert answer.status_code == 201
    assert "HUSH" not in answer.text


def test_a_batch_of_nothing_good_is_a_problem(admin: FlaskClient) -> None:
    assert report(admin, dose("b1", site="NOWHERE")).status_code == 422
    assert report(admin, dose("d1", dose_number=7)).status_code == 409
    assert report(admin).status_code == 422
    assert admin.post(BATCH, json=[dose("b1")]).status_code == 422
    assert admin.post(BATCH, json={"doses": [dose("b1")], "more": 1}).status_code == 422


def test_nobody_reports_for_a_site_that_is_not_theirs(door: Door, admin: FlaskClient) -> None:
    assert report(admin, dose("b0")).status_code == 201
    vaccinator = door.client(door.token("vaccinator", "451481", "CLINIC"))
    answer = report(vaccinator, dose("b1"), dose("b2", site="CDC"))
    assert (answer.get_json()["stored"], answer.get_json()["refused"]) == (1, 1)
    assert report(door.client(door.token("viewer")), dose("b3")).status_code == 403


def test_of_two_doses_from_one_pack_at_one_moment_both_reports_learn_and_one_bears_it(
    admin: FlaskClient,
) -> None:
    pack = "8" + "7" * 19
    found = report(admin, dose("b2", pack=pack), dose("b1", pack=pack)).get_json()["doses"]
    used_up = {
        one["id"]: "pack_used_up" in {each["code"] for each in one["findings"]} for one in found
    }
    assert used_up == {"b1": True, "b2": True}
    traces = [admin.get(f"/api/v1/doses/{code}/trace").get_json() for code in ("b1", "b2")]
    borne = ["pack_used_up" in {each["code"] for each in one["findings"]} for one in traces]
    assert borne == [False, True]
