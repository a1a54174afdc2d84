"""Any code in hand, led to the document of what it names."""

from __future__ import annotations

from typing import Any

from schemas.code import CodeAnswersSchema
from schemas.document import Document
from schemas.fields import Text
from traceapp.access.guard import allow
from traceapp.access.lookup import look_up
from traceapp.access.role import READERS
from traceapp.api.noun import Noun

blueprint = Noun("trace", __name__, description="Any code in hand")
_LONGEST = 256


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
@blueprint.arguments(CodeQuery)
@blueprint.response(200, CodeAnswersSchema)
def post_trace(body: dict[str, Any]) -> dict[str, Any]:
    """The same with the code in the body, where nothing writes it down."""
    return look_up(body["code"])
