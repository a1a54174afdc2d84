"""Every text of the pages, found where it is written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import extract_from_dir

from traceapp.web.labels import LABELS

_WEB = Path(__file__).parents[3] / "traceapp" / "web"
_METHODS = [("**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")]
_OPTIONS = {"templates/**.html": {"trimmed": "true", "silent": "false"}}


def texts() -> Iterator[str]:
    """Yield the English of everything that a page can say."""
    for _, _, message, _, _ in extract_from_dir(_WEB, _METHODS, _OPTIONS):
        yield message if isinstance(message, str) else message[0]
    for words in LABELS.values():
        yield from words.values()
