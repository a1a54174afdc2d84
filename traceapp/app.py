"""Making the web application out of its parts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Any

import structlog
from flask import Flask, Response, request
from sqlalchemy.exc import InterfaceError, OperationalError
from werkzeug.exceptions import HTTPException

from config import Settings
from traceapp.access.guard import public, stand_guard
from traceapp.access.headers import add_headers
from traceapp.api import register_api
from traceapp.api.metrics import count_requests
from traceapp.db import Database
from traceapp.doors import Doors, utc_now
from traceapp.log import where
from traceapp.problem import Problem, problem_response
from traceapp.trace.page import CursorInvalid
from traceapp.web import register_pages
from traceapp.web.error import error_page

MAX_BODY_BYTES = 1 << 20
_log = structlog.get_logger()


class Web(Flask):
    """The application, which logs where it broke and nothing of what it held."""

    def log_exception(
        self,
        exc_info: tuple[type, BaseException, TracebackType] | tuple[None, None, None] | None,
    ) -> None:
        """Log a view's exception: neither its words, which may quote a person, nor the query."""
        error = exc_info[1] if exc_info else None
        if error is not None:
            _log_failure(error)


def create_app(
    settings: Settings,
    database: Database,
    *,
    clock: Callable[[], datetime] = utc_now,
) -> Flask:
    """Return the application: pages, API, and a guard before every view of both."""
    app = Web("traceapp", static_folder="web/static", template_folder="web/templates")
    app.extensions["traceapp"] = Doors(settings, database, clock)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.url_map.strict_slashes = False
    public(app.view_functions["static"])
    count_requests(app)
    app.before_request(stand_guard)
    register_api(app)
    register_pages(app)
    app.register_error_handler(HTTPException, _answer_error)
    app.register_error_handler(CursorInvalid, _answer_foreign_cursor)
    for world_at_fault in (OperationalError, InterfaceError):
        app.register_error_handler(world_at_fault, _answer_without_database)
    is_https = settings.base_url.startswith("https:")
    app.after_request(lambda response: add_headers(response, is_https))
    return app


def _log_failure(error: BaseException) -> None:
    _log.error(
        "request_failed",
        method=request.method,
        path=request.path,
        error=type(error).__name__,
        where=where(error),
    )


def _answer_without_database(error: OperationalError | InterfaceError) -> Any:
    """Ask to come again: the database is away, full or locked, and nothing was taken."""
    _log_failure(error)
    return _answer_error(Problem(503, headers={"Retry-After": "10"}))


def _answer_foreign_cursor(error: CursorInvalid) -> Any:
    """Refuse a cursor that none of our answers gave, on every list."""
    return _answer_error(Problem(422, str(error), {"cursor": [str(error)]}))


def _answer_error(error: HTTPException) -> Response | HTTPException:
    """Draw a page for a person and a problem document for a program."""
    if error.code is None or error.code < 400:
        return error  # A redirect is an answer, not an error.
    if request.path.startswith("/api/v1/") or not request.accept_mimetypes.accept_html:
        return problem_response(error)
    return error_page(error)
