"""Any code in hand, led to the document of what it names."""

from __future__ import annotations

from typing import Any

from schemas.document import Document
from schemas.fields import Text
from schemas.page import page_of
from schemas.trace import AnswerSchema
from traceapp.access.audit import audit
from traceapp.access.guard import allow, visitor
from traceapp.access.role import READERS
from traceapp.api.noun import Noun
from traceapp.doors import doors
from traceapp.trace.lookup import resolve

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
    return find(query["code"])


@blueprint.post("/trace")
@allow(*READERS)
@blueprint.arguments(CodeQuery)
@blueprint.response(200, _ANSWERS)
def post_trace(body: dict[str, Any]) -> dict[str, Any]:
    """The same with the code in the body, where nothing writes it down."""
    return find(body["code"])


def find(code: str) -> dict[str, Any]:
    """Return what a code names; that a person was found by a document is audited."""
    parts, who = doors(), visitor()
    with parts.database.read() as session:
        found = resolve(session, who.scope, code, parts.vault)
    people = [one for one in found if one["kind"] == "recipient"]
    if people:
        with parts.database.begin() as session:
            doses = {"doses": [one["code"] for one in people]}
            audit(session, who.name, "find recipient", "by document", parts.clock(), doses)
    return {"items": found, "next": None}
