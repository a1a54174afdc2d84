"""The AsyncAPI document is served beside the OpenAPI document and linked from its page."""

from __future__ import annotations

from tests.integration.door import Door
from traceapp.api.asyncapi import asyncapi_document


def test_the_document_is_served_to_whoever_may_read_the_other(door: Door) -> None:
    client = door.client(door.token("device"))
    answer = client.get("/api/v1/asyncapi.json")
    assert answer.status_code == client.get("/api/v1/openapi.json").status_code == 200
    version = answer.get_json()["info"]["version"]
    assert answer.get_json() == asyncapi_document(version)
    assert 'href="/api/v1/asyncapi.json"' in client.get("/api/docs").text


def test_strangers_are_asked_for_a_token(door: Door) -> None:
    assert door.client().get("/api/v1/asyncapi.json").status_code == 401
