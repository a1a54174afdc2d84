"""How every noun of the API hears: strict JSON, strict queries, refusals as problem documents."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from flask import Request
from flask_smorest import Blueprint
from marshmallow import Schema, ValidationError
from webargs.flaskparser import FlaskParser

from schemas.document import NotJson, load_json
from traceapp.problem import Problem, flatten

JSON = "application/json"
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def json_body(request: Request) -> Any:
    """Return the body as strict JSON; raises a Problem for another type or broken text."""
    if request.mimetype != JSON:
        raise Problem(415, f"Expected Content-Type: {JSON}, got {request.mimetype or 'none'}.")
    body = request.get_data()
    if not body:
        raise Problem(400, "Expected a JSON document in the body, got nothing.")
    try:
        return load_json(body)
    except NotJson as error:
        raise Problem(400, f"Expected JSON in UTF-8: {error}") from error


class StrictParser(FlaskParser):
    """Reads requests for webargs: what a schema does not know is refused in every place."""

    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {}

    def load_json(self, req: Request, schema: Schema) -> Any:
        """Decode the body by our own rules instead of Python's lenient ones."""
        return json_body(req)

    def load_querystring(self, req: Request, schema: Schema) -> Any:
        """Return the query's fields, each named once."""
        repeated = [name for name, values in req.args.lists() if len(values) > 1]
        if repeated:
            errors = {name: ["Expected this field once."] for name in repeated}
            raise Problem(422, "Expected each field of the query once.", errors)
        return req.args.to_dict()

    def handle_error(
        self,
        error: ValidationError,
        req: Request,
        schema: Schema,
        *,
        error_status_code: int | None,
        error_headers: Any,
    ) -> NoReturn:
        """Turn marshmallow's complaints into one problem document."""
        messages: dict[str, Any] = error.normalized_messages()  # type: ignore[no-untyped-call]  # webargs' own
        below = [flatten(found) for found in messages.values()]
        errors = {name: texts for part in below for name, texts in part.items()}
        raise Problem(422, "Expected other values in the fields named here.", errors)


class Noun(Blueprint):  # type: ignore[misc]  # flask-smorest has no types
    """A noun of the API: its routes, documented from their schemas."""

    ARGUMENTS_PARSER = StrictParser()

    if TYPE_CHECKING:  # flask-smorest has no types; these are what we use of it.

        def get(self, rule: str, **options: Any) -> Decorator: ...
        def put(self, rule: str, **options: Any) -> Decorator: ...
        def post(self, rule: str, **options: Any) -> Decorator: ...
        def route(self, rule: str, **options: Any) -> Decorator: ...
        def doc(self, **operation: Any) -> Decorator: ...
        def arguments(self, schema: type[Schema], **options: Any) -> Decorator: ...
        def response(self, status: int, schema: type[Schema], **options: Any) -> Decorator: ...
        def alt_response(self, status: int, **options: Any) -> Decorator: ...
