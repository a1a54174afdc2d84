"""Any code in hand, led to the document of what it names."""

from __future__ import annotations

from typing import Any

from schemas.document import Document
from schemas.fields import Text
from schemas.page import page_of
from schemas.trace import AnswerSchema
from traceapp.access.guard import allow
from traceapp.access.lookup import look_up
from traceapp.access.role import READERS
from traceapp.api.noun import Noun

blueprint = Noun("trace", __name__, description="Any code in hand")
_LONGEST = 256
_ANSWERS = page_of(AnswerSchema)


class CodeQuery(Document):
    """A code that a person may have in hand."""

    code = Text(_LONGEST, required=True)


@blueprint.get("/trace")
@allow(*READERS)
@blueprint.arguments(CodeQuery, location="query")
@blueprint.response(200, _ANSWERS)
def get_trace(query: dict[str, Any]) -> dict[str, Any]:
    """Answer everything that a code may name; ambiguous codes have several answers.

    A recipient's document number belongs in the body of `POST /trace`: addresses are kept in
    histories and logs.
    """
    return {"items": look_up(query["code"]), "next": None}


@blueprint.post("/trace")
@allow(*READERS)
@blueprint.arguments(CodeQuery)
@blueprint.response(200, _ANSWERS)
def post_trace(body: dict[str, Any]) -> dict[str, Any]:
    """The same with the code in the body, where nothing writes it down."""
    return {"items": look_up(body["code"]), "next": None}
