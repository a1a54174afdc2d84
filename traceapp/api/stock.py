"""What lies at a site, in the order in which to use it."""

from __future__ import annotations

from typing import Any

from schemas.use_first import UseFirstSchema
from traceapp.access.guard import allow, visitor
from traceapp.access.role import READERS
from traceapp.api.noun import Noun
from traceapp.doors import doors
from traceapp.problem import not_found
from traceapp.trace.use_first import use_first

blueprint = Noun("stock", __name__, description="What lies at a site")


@blueprint.get("/sites/<code:code>/use-first")
@allow(*READERS)
@blueprint.response(200, UseFirstSchema)
def get_use_first(code: str) -> dict[str, Any]:
    """List what lies at a site: by expiry, then by how much of its budget or VVM life is used.

    What an injection would be stopped for is in `do_not_use`, with its findings.
    """
    parts = doors()
    with parts.database.read() as session:
        found = use_first(session, visitor().scope, code, parts.clock())
    if found is None:
        raise not_found("site", code)
    return found
