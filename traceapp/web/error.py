"""The page that a person sees when something is not as asked."""

from __future__ import annotations

from flask import Response, make_response, render_template
from werkzeug.exceptions import HTTPException

from traceapp.problem import Problem, describe, headers_of, is_usual
from traceapp.web.labels import LABELS, label
from traceapp.web.language import gettext, language_of_request


def error_page(error: HTTPException) -> Response:
    """Draw an error, with what was expected and what came."""
    problem = describe(error)
    status = str(problem["status"])
    title = label("error", status) if status in LABELS["error"] else problem["title"]
    said = _say(error)
    page = render_template("pages/error.html", problem=problem, title=title, said=said)
    answer = make_response(page, problem["status"])
    answer.headers.update(headers_of(error))
    return answer


def _say(error: HTTPException) -> str:
    """Return what went wrong in the reader's language; "" where the title says it already.

    What was expected of single fields is said in English alone, by the template.
    """
    if isinstance(error, Problem) and error.missing is not None:
        noun, code = error.missing
        words = {"noun": label("noun", noun), "code": code}
        return gettext("There is no %(noun)s %(code)s that you may see.") % words
    if language_of_request() != "en" and is_usual(error):
        return ""
    return str(describe(error)["detail"])
