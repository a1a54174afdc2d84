"""The pages, one noun a file, drawn by the server."""

from __future__ import annotations

from flask import Flask

from traceapp.web import (
    adverse_event,
    dose,
    excursion,
    finding,
    lookup,
    lot,
    mailbox,
    overview,
    recall,
    rejection,
    shipment,
    sign_in,
    stock,
    unit,
)
from traceapp.web.drawing import prepare_templates
from traceapp.web.language import blueprint as language

_PAGES = (
    overview,
    unit,
    excursion,
    finding,
    lot,
    dose,
    lookup,
    adverse_event,
    rejection,
    mailbox,
    sign_in,
    stock,
    shipment,
    recall,
)


def register_pages(app: Flask) -> None:
    """Add every page to the application, and what templates can say."""
    prepare_templates(app)
    for page in _PAGES:
        app.register_blueprint(page.blueprint, name=f"page_{page.blueprint.name}")
    app.register_blueprint(language)
