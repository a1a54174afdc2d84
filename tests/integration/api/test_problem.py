"""Every error of the API is a problem document that says what was expected and what came."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.integration.api.scene import dose, warm_night
from tests.integration.door import Door

_NOT_JSON = [
    b"{",
    b"",
    b"nothing",
    b'{"sensor": NaN}',
    b'{"sensor": "S1"} {}',
    b'{"sensor": "\xff"}',
    b'{"sensor": "\\ud800"}',
    b"\xef\xbb\xbf{}",
    b"[" * 100_000,
]

_WRONG_QUERIES = [
    ("limit=0", "limit"),
    ("limit=501", "limit"),
    ("limit=1.5", "limit"),
    ("limit=99999999999999999999", "limit"),
    ("limit=1&limit=2", "limit"),
    ("cursor=rubbish", "cursor"),
    ("cursor=WyJ4Iiwx", "cursor"),
    ("cursor=WyJ4IiwxXQ", "cursor"),
    ("cursor=WyIyMDIxLTA1LTA5VDA4OjAwOjAwWiIsOTk5OTk5OTk5OTk5OTk5OTk5OTk5OV0", "cursor"),
    ("colour=blue", "colour"),
    ("state=strange", "state"),
    ("from=2021-05-09T08:00:00", "from"),
    ("from=yesterday", "from"),
    ("unit=a%00b", "unit"),
    ("division=45", "division"),
]


def _problem(answer: TestResponse, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    document: dict[str, Any] = answer.get_json()
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    assert document["type"]
    return document


def test_what_is_no_json_is_400(admin: FlaskClient) -> None:
    for body in _NOT_JSON:
        answer = admin.post("/api/v1/readings", data=body, content_type="application/json")
        _problem(answer, 400)


def test_another_media_type_is_415(admin: FlaskClient) -> None:
    for path in ("/api/v1/readings", "/api/v1/movements", "/api/v1/doses", "/api/v1/trace"):
        for media_type in ("text/plain", "application/x-www-form-urlencoded", ""):
            answer = admin.post(path, data=b'{"code": "x"}', content_type=media_type)
            _problem(answer, 415)


def test_a_body_of_more_than_a_mebibyte_is_413(admin: FlaskClient) -> None:
    body = b'{"sensor": "' + b"x" * (1 << 20) + b'"}'
    for path in ("/api/v1/readings", "/api/v1/movements"):
        _problem(admin.post(path, data=body, content_type="application/json"), 413)


def test_another_method_is_405_and_says_which_are_allowed(admin: FlaskClient) -> None:
    answer = admin.delete("/api/v1/sites/CLINIC")
    _problem(answer, 405)
    assert {"GET", "PUT"} <= set(answer.headers["Allow"].split(", "))


def test_what_is_not_there_is_404(admin: FlaskClient) -> None:
    for path in (
        "/api/v1/nothing",
        "/api/v1/sites/NOWHERE",
        "/api/v1/units/NOWHERE/readings",
        "/api/v1/doses/none/trace",
        "/api/v1/lots/06901234567892/NONE/trace",
        "/api/v1/lots/1/NONE/trace",
        "/api/v1/excursions/999",
        "/api/v1/excursions/999/impact",
        "/api/v1/excursions/9999999999999999999999",
        "/api/v1/sites/%00",
        "/api/v1/sites/%ED%A0%80",
    ):
        _problem(admin.get(path), 404)


def test_a_wrong_field_is_named_with_what_was_expected_and_what_came(admin: FlaskClient) -> None:
    wrong = dose("d2", at="2021-05-09T08:00:00", colour="blue", site=7)
    problem = _problem(admin.post("/api/v1/doses", json=wrong), 422)
    assert set(problem["errors"]) == {"at", "colour", "site"}
    assert "offset" in problem["errors"]["at"][0]
    assert "2021-05-09T08:00:00" in problem["errors"]["at"][0]
    assert problem["errors"]["colour"] == ["Unknown field."]


def test_a_wrong_field_deep_in_a_body_is_named_by_its_way(admin: FlaskClient) -> None:
    wrong = dose("d2", lot={"gtin": "1", "number": "L1"})
    problem = _problem(admin.post("/api/v1/doses", json=wrong), 422)
    assert list(problem["errors"]) == ["lot.gtin"]


def test_a_wrong_query_is_422(admin: FlaskClient) -> None:
    for query, field in _WRONG_QUERIES:
        problem = _problem(admin.get(f"/api/v1/excursions?{query}"), 422)
        assert list(problem["errors"]) == [field], query


def test_a_plus_that_nobody_encoded_is_understood(admin: FlaskClient) -> None:
    query = "from=2021-05-09T00:00:00+08:00&to=2021-05-09T20:00:00%2B08:00"
    assert admin.get(f"/api/v1/units/FRIDGE/readings?{query}").status_code == 200


def test_our_own_mistake_is_500_and_tells_nothing_of_it(door: Door, admin: FlaskClient) -> None:
    door.clock.now = None  # type: ignore[assignment]  # a clock that stands still breaks views
    problem = _problem(admin.get("/api/v1/sites"), 500)
    assert "NoneType" not in problem["detail"]


def test_the_pages_answer_people_with_pages(door: Door, admin: FlaskClient) -> None:
    browser = door.browser()
    for path, status in (("/units/NOWHERE", 404), ("/excursions?cursor=x", 422)):
        answer = browser.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == status
        assert answer.content_type.startswith("text/html")
        assert "<h1>" in answer.text


def test_a_repeated_key_or_a_deep_body_ends_no_process(admin: FlaskClient) -> None:
    body = b'{"sensor": "S1", "sensor": "S2", "readings": []}'
    answer = admin.post("/api/v1/readings", data=body, content_type="application/json")
    _problem(answer, 422)
    deep = warm_night() | {"readings": [{"at": {"a": [[[[{}]]]]}}]}
    _problem(admin.post("/api/v1/readings", json=deep), 422)


def test_what_broke_is_logged_by_its_place_without_what_was_asked(
    door: Door, admin: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    door.clock.now = None  # type: ignore[assignment]  # a clock that stands still breaks views
    admin.get("/api/v1/trace?code=451481199001011234")
    logged = "".join(capsys.readouterr())
    assert "request_failed" in logged
    assert "/api/v1/trace" in logged
    assert "where" in logged
    assert "451481" not in logged
