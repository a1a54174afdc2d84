"""The AsyncAPI 3.0 document: contract §4, made from the schemas that judge the messages."""

from __future__ import annotations

from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from schemas.fields import CODE
from schemas.message import (
    MAX_PAYLOAD_BYTES,
    MAX_REF,
    REASONS,
    STATUSES,
    AckSchema,
    RejectionReportSchema,
)
from schemas.movement import STEPS, MovementSchema
from schemas.reading import MAX_READINGS, PLAUSIBLE_CELSIUS, ReadingSchema
from traceapp.api.openapi import teach_fields

_ROOT = "coldchain/v1/{site}"
_DESCRIPTION = f"""QoS 1, MQTT 3.1.1 or 5. A message is acknowledged to the broker only after what
it says is committed, or kept with the reason it was refused. A payload has at most
{MAX_PAYLOAD_BYTES} bytes. Moments are RFC 3339 with an offset, temperatures °C, quantities doses.
Unknown fields are refused by name. No personal data travels here."""
_READING_TEXT = f"""A reading is known by its sensor and its moment: the same again is ignored, the
same moment with another value is kept as a conflict. A value outside {PLAUSIBLE_CELSIUS[0]:g} to
{PLAUSIBLE_CELSIUS[1]:g} °C is kept, flagged and not judged."""
_PUBLISHED = {"mqtt": {"qos": 1, "retain": False, "bindingVersion": "0.2.0"}}
_RETAINED = {"mqtt": {"qos": 1, "retain": True, "bindingVersion": "0.2.0"}}
_READING = {"at": "2021-05-09T08:00:00+08:00", "celsius": 4.2}
_MOVEMENT = {
    "id": "0190a7c2-0001",
    "at": "2021-05-08T14:00:00+08:00",
    "step": "shipping",
    "lot": {"gtin": "06901234567892", "number": "202105C0147"},
    "doses": 1200,
    "from": "GX-CDC-COLD-1",
    "to": "4514810001",
    "carrier": "GX-TRUCK-07",
}
_ACK = {"ref": "17", "stored": 1, "repeated": 0, "refused": 0}
_REPORT = {
    "topic": "coldchain/v1/4514810001/45-000017/readings",
    "reason": "invalid",
    "field": "at",
    "expected": "a moment with an offset such as +08:00 or Z",
    "got": "2021-05-09T08:00:00",
    "sha256": "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c",
}


def asyncapi_document(version: str) -> dict[str, Any]:
    """Return the document; the application of it is the ingester."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "traceapp",
            "version": version,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": _channels(),
        "operations": _operations(),
        "components": {
            "schemas": _schemas(),
            "messages": _messages(),
            "parameters": _parameters(),
        },
    }


def _channels() -> dict[str, Any]:
    readings, movements = ("reading", "readingList", "readings"), ("movement", "movementList")
    return {
        "readings": _channel("{sensor}/readings", readings, "Temperature readings of a sensor."),
        "movements": _channel(
            "movements", (*movements, "movements"), "Movements of lots; `site` is who reports."
        ),
        "status": _channel("{sensor}/status", ("status",), "Retained, and the last will."),
        "readingAcks": _channel("{sensor}/acks", ("ack",), "Answers to readings with a `ref`."),
        "movementAcks": _channel("acks", ("ack",), "Answers to movements with a `ref`."),
        "rejections": _channel("rejections", ("rejection",), "What was refused, and why."),
    }


def _channel(address: str, messages: tuple[str, ...], description: str) -> dict[str, Any]:
    names = ("site", "sensor") if "{sensor}" in address else ("site",)
    return {
        "address": f"{_ROOT}/{address}",
        "description": description,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "parameters": {name: {"$ref": f"#/components/parameters/{name}"} for name in names},
    }


def _operations() -> dict[str, Any]:
    return {
        "recordReadings": {
            **_operation("receive", "readings", "Store readings once and judge them."),
            "reply": _reply("readingAcks"),
        },
        "recordMovements": {
            **_operation("receive", "movements", "Store movements and balance their lots."),
            "reply": _reply("movementAcks"),
        },
        "recordStatus": _operation("receive", "status", "Note whether a gateway is there."),
        "reportRejection": _operation("send", "rejections", "Say what was refused, and why."),
    }


def _operation(action: str, channel: str, summary: str) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": summary,
        "bindings": _RETAINED if channel == "status" else _PUBLISHED,
    }


def _reply(channel: str) -> dict[str, Any]:
    return {
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/ack"}],
    }


def _parameters() -> dict[str, Any]:
    spelled = f"1 to 64 of {CODE.pattern.removesuffix('{1,64}' + chr(92) + 'Z')}."
    return {
        "site": {"description": f"The code of a site, {spelled}", "examples": ["4514810001"]},
        "sensor": {"description": f"The code of a sensor, {spelled}", "examples": ["45-000017"]},
    }


def _schemas() -> dict[str, Any]:
    """Return the schemas of marshmallow as JSON Schema, and the lists and envelopes of them."""
    plugin = MarshmallowPlugin()
    spec = APISpec("", "", "3.1.0", plugins=[plugin])
    teach_fields(plugin)
    spec.components.schema("Reading", schema=ReadingSchema)
    spec.components.schema("Movement", schema=MovementSchema)
    spec.components.schema("Ack", schema=AckSchema)
    spec.components.schema("Rejection", schema=RejectionReportSchema)
    schemas: dict[str, Any] = spec.to_dict()["components"]["schemas"]
    schemas["Reading"]["description"] = _READING_TEXT
    schemas["Movement"]["description"] = _movement_text()
    reasons = schemas["Rejection"]["properties"]["reason"]
    reasons["description"] = "\n".join(f"`{code}`: {text}" for code, text in REASONS.items())
    for name in ("Reading", "Movement"):
        schemas[f"{name}List"] = {
            "type": "array",
            "items": {"$ref": f"#/components/schemas/{name}"},
            "minItems": 1,
            "maxItems": MAX_READINGS,
        }
        schemas[f"{name}s"] = {
            "type": "object",
            "required": [f"{name.lower()}s"],
            "additionalProperties": False,
            "properties": {
                "ref": {"type": "string", "maxLength": MAX_REF},
                f"{name.lower()}s": {"$ref": f"#/components/schemas/{name}List"},
            },
        }
    schemas["Status"] = {"type": "string", "enum": list(STATUSES)}
    return schemas


def _movement_text() -> str:
    """Say what `from` and `to` name at each step."""
    steps = [
        f"`{step}`: from {source or 'nothing'} to {target or 'nothing'}"
        for step, (source, target) in STEPS.items()
    ]
    return (
        "A movement is a fact even when it is wrong: what the ledger cannot explain is kept and "
        "shown as a finding. `from` and `to` name a unit or a site: " + "; ".join(steps) + ". "
        "`commissioning` may add made_on, expires_on and release; `wasting`, `destroying` and "
        "`sampling` give a reason; `destroying` names two witnesses. `packing`, `unpacking` name "
        "a case as `parent` and what went into it or came out of it as `packs`, and neither `lot` "
        "nor `doses`, which every other step names; a case among the `packs` of a movement stands "
        "for all that was in it at that moment."
    )


def _messages() -> dict[str, Any]:
    envelope = "With `ref`, the message is answered after its commit."
    return {
        "reading": _message("Reading", "One reading.", _READING),
        "readingList": _message("ReadingList", "A list; each is judged for itself.", [_READING]),
        "readings": _message("Readings", envelope, {"ref": "17", "readings": [_READING]}),
        "movement": _message("Movement", "One movement.", _MOVEMENT),
        "movementList": _message("MovementList", "A list; each stands for itself.", [_MOVEMENT]),
        "movements": _message("Movements", envelope, {"ref": "17", "movements": [_MOVEMENT]}),
        "status": _message("Status", "Whether the gateway is there.", "online", "text/plain"),
        "ack": _message("Ack", "What became of a message, told after its commit.", _ACK),
        "rejection": _message("Rejection", "Why a message or an item was refused.", _REPORT),
    }


def _message(
    schema: str, summary: str, example: Any, content_type: str = "application/json"
) -> dict[str, Any]:
    return {
        "contentType": content_type,
        "summary": summary,
        "payload": {"$ref": f"#/components/schemas/{schema}"},
        "examples": [{"payload": example}],
    }
