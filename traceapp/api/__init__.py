"""The HTTP API, one noun a file."""

from __future__ import annotations

from flask import Flask
from flask_smorest import Api

from traceapp.api import document, health, metrics
from traceapp.api.openapi import configure, register_fields


def register_api(app: Flask) -> Api:
    """Add every noun to the application and to its OpenAPI document."""
    configure(app)
    api = Api(app)
    register_fields(api)
    for door in (document, health, metrics):
        app.register_blueprint(door.blueprint)
    return api
