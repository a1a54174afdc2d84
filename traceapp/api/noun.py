"""How every noun of the API hears: strict JSON, strict queries, refusals as problem documents."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING, Any, NoReturn

from flask import Request
from flask_smorest import Blueprint
from marshmallow import Schema, ValidationError
from webargs.flaskparser import FlaskParser

from schemas.document import NameRepeated, NotJson, load_plain_json
from traceapp.problem import Problem, flatten

JSON = "application/json"
_MOST_ERRORS = 50
_LONGEST_NAME = 128
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def json_body(request: Request) -> Any:
    """Return the body as strict JSON; raises a Problem for another type or broken text."""
    if request.mimetype != JSON:
        message = f"Expected Content-Type: {JSON}, got {request.mimetype or 'none'}."
        raise Problem(415, message, {"Content-Type": [message]})
    body = request.get_data()
    if not body:
        message = "Expected a JSON document in the body, got nothing."
        raise Problem(400, message, {"body": [message]})
    try:
        return load_plain_json(body)
    except NameRepeated as error:
        raise Problem(422, str(error), {error.field or "body": [str(error)]}) from error
    except NotJson as error:
        message = f"Expected JSON in UTF-8: {error}"
        raise Problem(400, message, {"body": [message]}) from error


def _shortened(errors: dict[str, list[str]]) -> dict[str, list[str]]:
    """What is wrong with the first fields: an answer is not as long as what somebody sent."""
    told = {name[:_LONGEST_NAME]: texts for name, texts in islice(errors.items(), _MOST_ERRORS)}
    if len(errors) > len(told):
        told["body"] = [f"Expected at most {_MOST_ERRORS} wrong fields, got {len(errors)}."]
    return told


class StrictParser(FlaskParser):
    """Reads requests for webargs: what a schema does not know is refused in every place."""

    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {}

    def load_json(self, req: Request, schema: Schema) -> Any:
        """Decode the body by our own rules instead of Python's lenient ones."""
        if getattr(schema, "may_be_left_out", False) and not req.get_data():
            return {}
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
        errors = _shortened({name: texts for part in below for name, texts in part.items()})
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
