"""The OpenAPI document: made from the routes, their schemas and their guards."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from flask import Flask
from flask_smorest import Api

from schemas import fields
from schemas.fields import CODE, MAX_INTEGER
from traceapp.access.guard import guard_of
from traceapp.problem import MEDIA_TYPE

_PROBLEMS = {
    "400": "The body is no JSON",
    "401": "No valid token",
    "403": "The role may not do this",
    "404": "Nothing here that the token may see",
    "405": "The address does not answer this method",
    "409": "Contradicts what is already known",
    "413": "The body is larger than 1 MiB",
    "415": "The body is not application/json",
    "422": "Fields with other values than expected",
    "503": "The database cannot be reached now, or other photographs are being read",
}
_NEEDS_BODY = {"400", "413", "415"}
_DESCRIPTION = (
    "Moments are RFC 3339 with an offset; answers are in UTC. Temperatures are °C, quantities "
    "doses. Unknown fields are refused by name. Errors are RFC 9457 problem documents."
)


def configure(app: Flask) -> None:
    """Say what the document is called; its page is our own, so flask-smorest draws none."""
    try:
        ours = version("traceapp")
    except PackageNotFoundError:
        ours = "0"
    app.config.update(
        API_TITLE="traceapp",
        API_VERSION=ours,
        OPENAPI_VERSION="3.1.0",
        API_SPEC_OPTIONS={"info": {"description": _DESCRIPTION}},
    )


def teach_fields(plugin: Any) -> None:
    """Teach apispec's marshmallow plugin, for HTTP or for MQTT, our own fields."""
    for kind, (form, detail) in {
        fields.Moment: ("string", "date-time"),
        fields.Day: ("string", "date"),
        fields.Text: ("string", None),
        fields.Code: ("string", None),
        fields.Digits: ("string", None),
        fields.Number: ("number", None),
        fields.Whole: ("integer", None),
        fields.Flag: ("boolean", None),
        fields.Choice: ("string", None),
    }.items():
        plugin.map_to_openapi_type(kind, form, detail)
    plugin.converter.add_attribute_function(_limits)


def _limits(_converter: Any, field: Any, **_: Any) -> dict[str, Any]:
    """Return the limits that a field of ours keeps, in the words of JSON Schema."""
    match field:
        case fields.Code():
            return {"pattern": "^" + CODE.pattern.removesuffix(r"\Z") + "$"}
        case fields.Digits(lengths=lengths):
            return {"pattern": "^(" + "|".join(f"[0-9]{{{n}}}" for n in lengths) + ")$"}
        case fields.Text(longest=longest):
            return {"minLength": 1, "maxLength": longest, "pattern": r"\S"}
        case fields.Choice(words=words):
            allowed: list[Any] = list(words)
            return {"enum": [*allowed, None] if field.allow_none else allowed}
        case fields.Whole(least=least, most=most):
            return {"minimum": least, "maximum": min(most, MAX_INTEGER)}
        case fields.Number(least=least, most=most) if most < 1e300:
            return {"minimum": least, "maximum": most}
    return {}


def openapi_document(app: Flask, api: Api) -> dict[str, Any]:
    """Return the document with its security, its roles and its problem documents."""
    document: dict[str, Any] = api.spec.to_dict()
    components = document.setdefault("components", {})
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "session": {"type": "apiKey", "in": "cookie", "name": "session"},
    }
    for unused in ("Error", "PaginationMetadata"):  # flask-smorest's own, which we do not answer
        components["schemas"].pop(unused, None)
    components.pop("responses", None)
    components.pop("headers", None)
    components["schemas"]["Problem"] = _problem_schema()
    document["security"] = [{"bearer": []}, {"session": []}]
    roles = _roles_by_operation(app)
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in ("get", "put", "post", "delete", "patch"):
                _complete(operation, method, roles[(path, method)])
    return document


def _complete(operation: dict[str, Any], method: str, roles: frozenset[str]) -> None:
    operation["x-roles"] = sorted(roles)
    responses = operation["responses"]
    responses.pop("default", None)
    has_body = "requestBody" in operation
    for status, text in _PROBLEMS.items():
        if status in _NEEDS_BODY and not has_body:
            continue
        if status == "409" and method == "get":
            continue
        schema = {"$ref": "#/components/schemas/Problem"}
        responses[status] = {"description": text, "content": {MEDIA_TYPE: {"schema": schema}}}
    operation["responses"] = dict(sorted(responses.items()))


def _roles_by_operation(app: Flask) -> dict[tuple[str, str], frozenset[str]]:
    """Return which roles each operation allows, as its guard says."""
    roles = {}
    for rule in app.url_map.iter_rules():
        guard = guard_of(app, rule.endpoint)
        path = re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", str(rule))
        for method in rule.methods or ():
            roles[(path, method.lower())] = guard.roles if guard else frozenset()
    return roles


def _problem_schema() -> dict[str, Any]:
    text = {"type": "string"}
    messages = {"type": "array", "items": text}
    return {
        "type": "object",
        "description": "RFC 9457: what was expected and what came.",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": text,
            "title": text,
            "status": {"type": "integer"},
            "detail": text,
            "errors": {"type": "object", "additionalProperties": messages},
        },
    }
