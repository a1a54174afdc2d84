"""The AsyncAPI document says what the line takes and what it answers."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest
from marshmallow import Schema

from ingest.answer import answers_of
from ingest.decode import decode
from ingest.record import Outcome
from ingest.topic import read_topic
from schemas.message import REASONS, AckSchema, RejectionReportSchema
from schemas.movement import STEPS, MovementSchema
from schemas.reading import ReadingSchema
from traceapp.api.asyncapi import asyncapi_document

DOCUMENT = asyncapi_document("0")
MESSAGES: dict[str, Any] = DOCUMENT["components"]["messages"]
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
_CODES = {"{site}": "4514810001", "{sensor}": "45-000017"}


def topic_of(channel: str) -> str:
    """The topic of a channel at a site of the examples."""
    topic: str = DOCUMENT["channels"][channel]["address"]
    for name, code in _CODES.items():
        topic = topic.replace(name, code)
    return topic


def payload_of(message: str) -> bytes:
    """The example of a message as it goes over the wire."""
    example = MESSAGES[message]["examples"][0]["payload"]
    return example.encode() if isinstance(example, str) else json.dumps(example).encode()


@pytest.mark.parametrize(
    ("channel", "kind"),
    [("readings", "readings"), ("movements", "movements"), ("status", "status")]
    + [(name, "ours") for name in ("readingAcks", "movementAcks", "rejections")],
)
def test_every_channel_is_a_topic_that_the_line_knows(channel: str, kind: str) -> None:
    assert read_topic(topic_of(channel).encode()).kind == kind


def test_there_is_a_channel_for_every_kind_of_topic() -> None:
    assert len(DOCUMENT["channels"]) == 6
    used = {operation["channel"]["$ref"] for operation in DOCUMENT["operations"].values()}
    used |= {
        op["reply"]["channel"]["$ref"] for op in DOCUMENT["operations"].values() if "reply" in op
    }
    assert used == {f"#/channels/{name}" for name in DOCUMENT["channels"]}


@pytest.mark.parametrize("channel", ["readings", "movements", "status"])
def test_every_example_is_taken_by_the_line(channel: str) -> None:
    for message in DOCUMENT["channels"][channel]["messages"]:
        said = decode(topic_of(channel).encode(), payload_of(message))
        assert said.rejected == []
        assert said.readings or said.movements or said.status


@pytest.mark.parametrize("name", MESSAGES)
def test_every_example_is_what_its_schema_says(name: str) -> None:
    schema = {**MESSAGES[name]["payload"], "components": DOCUMENT["components"]}
    validator = jsonschema_rs.validator_for(schema)
    example = MESSAGES[name]["examples"][0]["payload"]
    assert [error.message for error in validator.iter_errors(example)] == []
    if isinstance(example, dict):
        assert not validator.is_valid({**example, "unheard_of": 1})


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("Reading", ReadingSchema()),
        ("Movement", MovementSchema()),
        ("Ack", AckSchema()),
        ("Rejection", RejectionReportSchema()),
    ],
)
def test_every_field_of_a_schema_is_in_the_document(name: str, schema: Schema) -> None:
    fields = {field.data_key or key for key, field in schema.fields.items()}
    assert set(SCHEMAS[name]["properties"]) == fields
    required = {field.data_key or key for key, field in schema.fields.items() if field.required}
    assert set(SCHEMAS[name]["required"]) == required


def test_every_reason_and_every_step_is_in_the_document() -> None:
    reason = SCHEMAS["Rejection"]["properties"]["reason"]
    assert reason["enum"] == list(REASONS)
    assert all(text in reason["description"] for text in REASONS.values())
    assert all(f"`{step}`" in SCHEMAS["Movement"]["description"] for step in STEPS)


def test_what_the_line_answers_is_what_the_document_promises() -> None:
    good = {"at": "2021-05-09T08:00:00Z", "celsius": 4.2}
    payload = json.dumps({"ref": "", "readings": [good, {"celsius": "warm"}]}).encode()
    said = decode(topic_of("readings").encode(), payload)
    outcome = Outcome(said, stored=1, refusals=[one.refusal for one in said.rejected])
    answers = [(topic, json.loads(answer)) for topic, answer in answers_of(outcome)]
    assert [topic for topic, _ in answers] == [topic_of("readingAcks"), topic_of("rejections")]
    for name, (_, answer) in zip(("Ack", "Rejection"), answers, strict=True):
        schema = {**SCHEMAS[name], "components": DOCUMENT["components"]}
        jsonschema_rs.validate(schema, answer)
