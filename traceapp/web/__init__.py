"""The pages, one noun a file, drawn by the server."""

from __future__ import annotations

from flask import Flask

from traceapp.web import sign_in
from traceapp.web.drawing import prepare_templates
from traceapp.web.language import blueprint as language


def register_pages(app: Flask) -> None:
    """Add every page to the application, and what templates can say."""
    prepare_templates(app)
    for page in (sign_in,):
        app.register_blueprint(page.blueprint)
    app.register_blueprint(language)
