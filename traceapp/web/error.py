"""The page that a person sees when something is not as asked."""

from __future__ import annotations

from flask import Response, make_response, render_template
from werkzeug.exceptions import HTTPException

from traceapp.problem import describe, headers_of
from traceapp.web.labels import LABELS, label


def error_page(error: HTTPException) -> Response:
    """Draw an error, with what was expected and what came."""
    problem = describe(error)
    status = str(problem["status"])
    title = label("error", status) if status in LABELS["error"] else problem["title"]
    page = render_template("pages/error.html", problem=problem, title=title)
    answer = make_response(page, problem["status"])
    answer.headers.update(headers_of(error))
    return answer
