"""What is said of a person with a dose: checked, kept apart, and never repeated in an answer."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from tests.integration.api.scene import DOCUMENT, GTIN, NUMBER, dose
from tests.integration.door import Door
from traceapp.capture.rejection import without_person
from traceapp.models.dose import Dose, Recipient
from traceapp.models.rejection import Conflict

_RIGHT = "11010519491231002X"


def who(document: str, **more: Any) -> dict[str, Any]:
    return {"document": document, "document_type": "resident_id", **more}


def codes(answer: Any) -> set[str]:
    return {one["code"] for one in answer.get_json()["findings"]}


def test_a_wrong_number_is_a_finding_and_the_dose_is_recorded(admin: FlaskClient) -> None:
    answer = admin.post("/api/v1/doses", json=dose("d2", recipient=who(_RIGHT[:-1] + "1")))
    assert answer.status_code == 201
    assert "document_invalid" in codes(answer)
    trace = admin.get("/api/v1/doses/d2/trace")
    [said] = [one for one in trace.get_json()["findings"] if one["code"] == "document_invalid"]
    assert " / " in said["text"]
    assert "19491231" not in trace.text


def test_what_contradicts_the_number_is_a_finding_that_shows_nothing(admin: FlaskClient) -> None:
    told = who(_RIGHT, born_on="1949-12-30", sex="male", name="李四光")
    answer = admin.post("/api/v1/doses", json=dose("d2", recipient=told))
    assert {"born_on_differs", "sex_differs"} <= codes(answer)
    for shown in ("1949", _RIGHT, "李四光", "male"):
        assert shown not in answer.text


def test_a_right_number_a_passport_and_a_dose_without_a_lot_are_told_apart(
    admin: FlaskClient,
) -> None:
    right = admin.post("/api/v1/doses", json=dose("d2", recipient=who(_RIGHT, sex="female")))
    passport = {"document": "E1", "document_type": "passport"}
    other = admin.post("/api/v1/doses", json=dose("d3", recipient=passport))
    assert not {"document_invalid", "sex_differs"} & (codes(right) | codes(other))
    lotless = dose("d4", recipient=who("1"), pack="84000000000000000001")
    lotless.pop("lot")
    assert codes(admin.post("/api/v1/doses", json=lotless)) == {"lot_unknown", "document_invalid"}


def test_one_document_with_another_name_is_a_finding(door: Door, admin: FlaskClient) -> None:
    silent = dose("d2", dose_number=2, recipient={"document": DOCUMENT, "document_type": "r"})
    assert "recipient_differs" not in codes(admin.post("/api/v1/doses", json=silent))
    other = who(DOCUMENT, name="李四")
    assert "recipient_differs" in codes(
        admin.post("/api/v1/doses", json=dose("d3", dose_number=3, recipient=other))
    )
    with door.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Recipient)) == 1


def test_the_same_person_spelled_otherwise_is_one_person(door: Door, admin: FlaskClient) -> None:
    for number, spelled in enumerate(
        ("11010519491231002x", "１１０１０５ 19491231 002Ｘ"), start=2
    ):
        body = dose(f"d{number}", dose_number=number, recipient=who(spelled))
        assert admin.post("/api/v1/doses", json=body).status_code == 201
    with door.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Recipient)) == 2


def test_the_same_dose_of_another_person_is_a_conflict_that_names_neither(
    door: Door, admin: FlaskClient
) -> None:
    base = dose("d1")
    renamed = {**base, "recipient": {**base["recipient"], "name": "李四光"}}
    for body in ({**base, "recipient": who(_RIGHT)}, renamed, renamed):
        assert admin.post("/api/v1/doses", json=body).status_code == 409
    assert admin.post("/api/v1/doses", json=base).status_code == 200
    with door.database.read() as session:
        kept = session.scalars(select(Conflict).order_by(Conflict.id)).all()
        assert session.scalar(select(func.count()).select_from(Recipient)) == 1
    assert [row.came["recipient"] for row in kept] == ["another", "another"]
    for row in kept:
        assert _RIGHT not in str(row.came)
        assert "李四光" not in str(row.came)


@pytest.mark.parametrize(
    "person",
    [
        {"document": int(DOCUMENT), "document_type": "resident"},
        {"document": DOCUMENT + "0" * 64, "document_type": "resident"},
        {"document": DOCUMENT + "\0", "document_type": "resident"},
        {"document": [DOCUMENT], "document_type": "resident"},
        {"document": DOCUMENT, "document_type": 7, "name": ["张三丰"]},
        {"document": DOCUMENT, "document_type": "r", "born_on": DOCUMENT},
        {"document": DOCUMENT, "document_type": "r", "sex": "张三丰"},
        {"document": DOCUMENT, "document_type": "r", "name": "张三丰" * 100},
        {"document": DOCUMENT, "document_type": "r", DOCUMENT: "张三丰"},
        {"document": DOCUMENT, "document_type": "r", "nickname": "张三丰"},
        DOCUMENT,
        [DOCUMENT],
    ],
)
def test_a_problem_document_repeats_nothing_of_a_person(admin: FlaskClient, person: Any) -> None:
    answer = admin.post("/api/v1/doses", json=dose("d9", recipient=person))
    assert answer.status_code == 422
    assert [name for name in answer.get_json()["errors"] if name.startswith("recipient")]
    assert DOCUMENT not in answer.text
    assert "张三丰" not in answer.text


def test_broken_json_repeats_nothing_of_a_person(admin: FlaskClient) -> None:
    body = f'{{"recipient": {{"document": "{DOCUMENT}", "name": "张三丰'
    answer = admin.post("/api/v1/doses", data=body, content_type="application/json")
    assert answer.status_code == 400
    assert DOCUMENT not in answer.text
    assert "张三丰" not in answer.text


def test_long_names_and_numbers_are_recorded(door: Door, admin: FlaskClient) -> None:
    for number, (document, name) in enumerate(
        [("9" * 64, "名" * 128), ("ﷺ" * 64, "ﷺ" * 128), ("1", "A")], start=2
    ):
        told = {"document": document, "document_type": "passport", "name": name}
        answer = admin.post("/api/v1/doses", json=dose(f"d{number}", recipient=told))
        assert answer.status_code == 201, document
    with door.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Dose)) == 4


def test_a_document_number_is_found_in_every_spelling(admin: FlaskClient) -> None:
    admin.post("/api/v1/doses", json=dose("d2", recipient=who(_RIGHT)))
    for spelled in (
        _RIGHT,
        _RIGHT.lower(),
        "110105 19491231 002x",
        "１１０１０５１９４９１２３１００２ｘ",
    ):
        answer = admin.post("/api/v1/trace", json={"code": spelled})
        assert [(one["kind"], one["url"]) for one in answer.get_json()["items"]] == [
            ("recipient", "/doses/d2")
        ], spelled


def test_other_codes_are_found_in_other_letters_too_and_exactly_first(admin: FlaskClient) -> None:
    def urls(code: str) -> list[str]:
        items = admin.post("/api/v1/trace", json={"code": code}).get_json()["items"]
        return [one["url"] for one in items]

    lot = f"/lots/{GTIN}/{NUMBER}"
    for code in (NUMBER.lower(), "Ｌ１", f"(01){GTIN}(10)l1"):
        assert urls(code) == [lot], code
    assert urls("D1") == ["/doses/d1"]
    assert urls("fridge") == ["/units/FRIDGE"]
    assert urls("M3") == [lot]
    twin = dose("x1", dose_number=5, lot={"gtin": GTIN, "number": NUMBER.lower()})
    assert admin.post("/api/v1/doses", json=twin).status_code == 201
    assert urls(NUMBER) == [lot]
    assert urls(NUMBER.lower()) == [f"/lots/{GTIN}/{NUMBER.lower()}"]


def test_a_refused_message_is_kept_without_its_person_however_the_person_is_spelled() -> None:
    person = b'{"document": "451481199001011234"}'
    for key in (b"recipient", b"\\u0072ecipient", b"r\\u0065c\\u0069pient"):
        for payload in (
            b'{"id": 1, "' + key + b'": ' + person + b"}",
            b'{"' + key + b'": ' + person,
        ):
            assert b"4514" not in without_person(payload), payload
    for payload in (b'{"reason": "\\u53ec\\u56de"', b'{"document": "SO-1"}', b"\\u00zz \\u00"):
        assert without_person(payload) == payload
