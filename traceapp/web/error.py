"""The page that a person sees when something is not as asked."""

from __future__ import annotations

from flask import Response, make_response, render_template
from werkzeug.exceptions import HTTPException

from traceapp.problem import describe, headers_of
from traceapp.web.language import gettext

_TITLES = {
    400: "This cannot be understood",
    401: "Please sign in",
    403: "Your role may not do this",
    404: "There is nothing here that you may see",
    405: "This address does not answer that way",
    413: "This is too large",
    422: "Some fields are not as expected",
    500: "Something broke on our side",
}


def error_page(error: HTTPException) -> Response:
    """Draw an error, with what was expected and what came."""
    problem = describe(error)
    title = gettext(_TITLES.get(problem["status"], problem["title"]))
    page = render_template("pages/error.html", problem=problem, title=title)
    answer = make_response(page, problem["status"])
    answer.headers.update(headers_of(error))
    return answer
