"""`/api/v1/openapi.json` with its page `/api/docs`, and `/api/v1/asyncapi.json`."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, json, render_template

from traceapp.access.guard import allow
from traceapp.access.visitor import ROLES
from traceapp.api.asyncapi import asyncapi_document
from traceapp.api.openapi import openapi_document

blueprint = Blueprint("document", __name__)


def _document() -> dict[str, Any]:
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # werkzeug's proxy hides it
    kept = app.extensions.setdefault("traceapp-openapi", {})
    if not kept:
        api = app.extensions["flask-smorest"]["apis"][""]["ext_obj"]
        kept.update(openapi_document(app, api))
    document: dict[str, Any] = kept
    return document


@blueprint.get("/api/v1/openapi.json")
@allow(*ROLES)
def openapi_json() -> Response:
    """Answer the OpenAPI document."""
    return Response(json.dumps(_document(), sort_keys=False), content_type="application/json")


@blueprint.get("/api/v1/asyncapi.json")
@allow(*ROLES)
def asyncapi_json() -> Response:
    """Answer the AsyncAPI document: what goes over MQTT."""
    document = asyncapi_document(current_app.config["API_VERSION"])
    return Response(json.dumps(document, sort_keys=False), content_type="application/json")


@blueprint.get("/api/docs")
@allow(*ROLES)
def docs() -> str:
    """Draw the document as a page of our own, without scripts."""
    return render_template("pages/docs.html", document=_document())
