"""What may stand in an address: codes, GTINs and row numbers; anything else is no address."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_smorest import Api
from werkzeug.routing import BaseConverter


class CodeConverter(BaseConverter):
    """A code of the contract."""

    regex = "[A-Za-z0-9._-]{1,64}"


class GtinConverter(BaseConverter):
    """A GTIN-14."""

    regex = "[0-9]{14}"


class DivisionConverter(BaseConverter):
    """A division, GB/T 2260."""

    regex = "[0-9]{6}"


class NumberConverter(BaseConverter):
    """The number of a row, below 2**63."""

    regex = "[0-9]{1,18}"


_CONVERTERS = {
    "code": CodeConverter,
    "gtin": GtinConverter,
    "division": DivisionConverter,
    "number": NumberConverter,
}


def register_converters(app: Flask) -> None:
    """Let routes of an application use them: `<code:unit>`."""
    app.url_map.converters |= _CONVERTERS


def document_converters(api: Api) -> None:
    """Let the OpenAPI document know what each takes."""
    for converter in _CONVERTERS.values():
        api.register_converter(converter, _parameter)


def _parameter(converter: Any) -> dict[str, str]:
    return {"type": "string", "pattern": f"^{converter.regex}$"}
