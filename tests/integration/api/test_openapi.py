"""The OpenAPI document is what the API does, for requests of every kind."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.integration.api.scene import GTIN, NUMBER, play
from tests.integration.door import Door
from traceapp.db import open_database

_WHERE = {
    "/api/v1/divisions/{code}": {"code": "450000"},
    "/api/v1/sites/{code}": {"code": "CLINIC"},
    "/api/v1/sites/{code}/use-first": {"code": "CLINIC"},
    "/api/v1/units/{code}": {"code": "FRIDGE"},
    "/api/v1/sensors/{code}": {"code": "S1"},
    "/api/v1/products/{code}": {"code": GTIN},
    "/api/v1/units/{code}/readings": {"code": "FRIDGE"},
    "/api/v1/movements/{code}": {"code": "m1"},
    "/api/v1/shipments/{code}": {"code": "m4"},
    "/api/v1/doses/{code}/trace": {"code": "d1"},
    "/api/v1/doses/{code}/adverse-events": {"code": "d1"},
    "/api/v1/lots/{gtin}/{number}/adverse-events": {"gtin": GTIN, "number": NUMBER},
    "/api/v1/lots/{gtin}/{number}/trace": {"gtin": GTIN, "number": NUMBER},
    "/api/v1/lots/{gtin}/{number}/doses": {"gtin": GTIN, "number": NUMBER},
    "/api/v1/excursions/{number}": {"number": "1"},
    "/api/v1/excursions/{number}/impact": {"number": "1"},
    "/api/v1/recalls/{number}": {"number": "1"},
    "/api/v1/recalls/{number}/recipients": {"number": "1"},
    "/api/v1/doses/check": {},
    "/api/v1/trace": {},
}
_QUERIES = {
    "/api/v1/doses/check": {"gtin": GTIN, "lot": NUMBER, "site": "CLINIC"},
    "/api/v1/trace": {"code": "FRIDGE"},
}


@pytest.fixture
def scene(sqlite_url: str) -> Generator[Door, None, None]:
    """The application after the story, on SQLite: the document is the same on both."""
    database = open_database(sqlite_url)
    door = Door(database)
    recall = {"reason": "sterility in doubt", "class": 2}
    play(door).post(f"/api/v1/lots/{GTIN}/{NUMBER}/recall", json=recall)
    yield door
    database.close()


def _schema(door: Door) -> tuple[Any, dict[str, str]]:
    headers = {"Authorization": f"Bearer {door.token('admin')}"}
    url = "/api/v1/openapi.json"
    return schemathesis.openapi.from_wsgi(url, door.app, headers=headers), headers


def test_every_document_of_the_story_is_as_described(scene: Door) -> None:
    schema, headers = _schema(scene)
    asked = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.method != "get":
            continue
        case = operation.Case(
            path_parameters=_WHERE.get(operation.path, {}), query=_QUERIES.get(operation.path, {})
        )
        answer = case.call_and_validate(headers=headers)
        assert answer.status_code == 200, operation.path
        asked += 1
    assert asked >= 19


def test_whatever_a_client_sends_is_answered_as_described(scene: Door) -> None:
    schema, headers = _schema(scene)
    for result in schema.get_all_operations():
        operation = result.ok()

        def ask(case: Any) -> None:
            # A schema cannot say that a dose names a lot or a pack: 422 is an answer to both.
            case.call_and_validate(headers=headers, excluded_checks=[positive_data_acceptance])

        bounded = settings(
            max_examples=8,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        bounded(given(case=operation.as_strategy())(ask))()


def test_each_operation_names_its_roles_and_its_problems(scene: Door) -> None:
    document = scene.client(scene.token("viewer")).get("/api/v1/openapi.json").get_json()
    assert document["openapi"].startswith("3.")
    for path, item in document["paths"].items():
        for method in {"get", "put", "post"} & set(item):
            operation = item[method]
            assert operation["summary"], path
            assert operation["x-roles"], path
            assert {"401", "403", "404", "422"} <= set(operation["responses"]), path
            problem = operation["responses"]["422"]["content"]
            assert list(problem) == ["application/problem+json"]
    assert "$ref" not in document["components"]["schemas"]["Problem"]


def test_the_page_of_the_document_names_every_path(scene: Door) -> None:
    client = scene.client(scene.token("viewer"))
    page = client.get("/api/docs").text
    for path in client.get("/api/v1/openapi.json").get_json()["paths"]:
        assert path in page
