"""What-if: what other rules would have said of a unit, with nothing written."""

from __future__ import annotations

from typing import Any

from schemas.whatif import WhatIfAnswerSchema, WhatIfSchema
from traceapp.access.guard import allow, visitor
from traceapp.access.role import OFFICERS
from traceapp.api.noun import Noun
from traceapp.doors import doors
from traceapp.problem import Problem, not_found
from traceapp.rules.profile import PROFILES, Profile
from traceapp.trace.reach import reaches_unit
from traceapp.trace.whatif import judge_as_if
from traceapp.watch.profile import rule_of

blueprint = Noun("what-if", __name__, description="Other rules over readings that are there")


@blueprint.post("/units/<code:code>/what-if")
@allow(*OFFICERS)
@blueprint.arguments(WhatIfSchema)
@blueprint.response(200, WhatIfAnswerSchema)
def post_what_if(query: dict[str, Any], code: str) -> dict[str, Any]:
    """Answer the episodes that a preset, or rules of one's own, would have found."""
    profile = _profile(query)
    with doors().database.read() as session:
        answer = None
        if reaches_unit(session, visitor().scope, code):
            answer = judge_as_if(session, code, profile, query["begin"], query["end"])
    if answer is None:
        raise not_found("unit", code)
    return answer


def _profile(query: dict[str, Any]) -> Profile:
    if "rules" in query:
        return Profile.of("what-if", (rule_of(rule) for rule in query["rules"]))
    if query["profile"] not in PROFILES:
        message = f"Expected one of {', '.join(PROFILES)}, got {query['profile']}."
        raise Problem(422, message, {"profile": [message]})
    return PROFILES[query["profile"]]
