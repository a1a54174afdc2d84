"""The HTTP API, one noun a file."""

from __future__ import annotations

from flask import Flask
from flask_smorest import Api

from schemas.movement import MovementSchema
from traceapp.api import (
    adverse_event,
    audit,
    document,
    dose,
    dose_batch,
    excursion,
    finding,
    health,
    lookup,
    lot,
    metrics,
    movement,
    reading,
    recall,
    registry,
    rejection,
    shipment,
    stock,
    whatif,
)
from traceapp.api.openapi import configure, teach_fields
from traceapp.api.path import document_converters, register_converters

_NOUNS = (
    registry,
    reading,
    movement,
    shipment,
    dose,
    dose_batch,
    adverse_event,
    lot,
    recall,
    stock,
    lookup,
    excursion,
    finding,
    whatif,
    rejection,
    audit,
)


def register_api(app: Flask) -> Api:
    """Add every noun to the application and to its OpenAPI document."""
    configure(app)
    register_converters(app)
    api = Api(app)
    teach_fields(api.ma_plugin)
    document_converters(api)
    api.spec.components.schema("Movement", schema=MovementSchema)
    for noun in _NOUNS:
        api.register_blueprint(noun.blueprint, url_prefix="/api/v1")
    for door in (document, health, metrics):
        app.register_blueprint(door.blueprint)
    return api
