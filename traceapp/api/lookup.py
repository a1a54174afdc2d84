"""Any code in hand, led to the document of what it names."""

from __future__ import annotations

from typing import Any

from flask import request

from schemas.code import CodeAnswersSchema
from schemas.document import Document
from schemas.fields import Text
from traceapp.access.guard import allow, takes
from traceapp.access.lookup import look_up, look_up_image
from traceapp.access.role import READERS
from traceapp.api.noun import JSON, Noun
from traceapp.rules.symbol import IMAGE_TYPES, MAX_IMAGE_BYTES

blueprint = Noun("trace", __name__, description="Any code in hand")
_LONGEST = 256
_IMAGE = {"schema": {"type": "string", "format": "binary"}}
_TEXT = {"type": "string", "minLength": 1, "maxLength": _LONGEST}
_CODE = {
    "type": "object",
    "required": ["code"],
    "additionalProperties": False,
    "properties": {"code": _TEXT},
}
_BODIES = {JSON: {"schema": _CODE}, **dict.fromkeys(IMAGE_TYPES, _IMAGE)}


class CodeQuery(Document):
    """A code that a person may have in hand."""

    code = Text(_LONGEST, required=True)


@blueprint.get("/trace")
@allow(*READERS)
@blueprint.arguments(CodeQuery, location="query")
@blueprint.response(200, CodeAnswersSchema)
def get_trace(query: dict[str, Any]) -> dict[str, Any]:
    """Answer everything that a code may name; ambiguous codes have several answers.

    `meanings` says what a code is by its form, and how much of that the record knows, whether
    it names anything or not: a GS1 element string with or without its separators, a Digital
    Link, a GTIN, an SSCC, a trace code. Nothing is guessed.

    A recipient's document number belongs in the body of `POST /trace`: addresses are kept in
    histories and logs.
    """
    return look_up(query["code"])


@blueprint.post("/trace")
@allow(*READERS)
@takes(MAX_IMAGE_BYTES)
@blueprint.doc(requestBody={"required": True, "content": _BODIES})
@blueprint.response(200, CodeAnswersSchema)
def post_trace() -> dict[str, Any]:
    """The same with the code in the body, where nothing writes it down; or a photograph.

    Every symbol in a photograph is read: GS1 DataMatrix and QR, GS1-128, EAN and others.
    """
    if request.mimetype in IMAGE_TYPES:
        return look_up_image(request.get_data())
    body = blueprint.ARGUMENTS_PARSER.parse(CodeQuery(), request, location="json")
    return look_up(body["code"])
