"""Chinese first, English second: which language a person reads, and the words of each.

A text stands in the code in English; `translations/zh.po` holds it in Chinese.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po
from flask import Blueprint, Response, has_request_context, redirect, request
from werkzeug.exceptions import NotFound

from traceapp.access.guard import public

LANGUAGES = ("zh", "en")
_FOLDER = Path(__file__).parent / "translations"
_COOKIE = "language"
_LOCAL = re.compile(r"/(?!/)[^\x00-\x20\x7f\\]*")

blueprint = Blueprint("language", __name__)


@cache
def catalogue(language: str) -> dict[str, str]:
    """Return the texts of a language by their English; English itself needs none."""
    path = _FOLDER / f"{language}.po"
    if not path.exists():
        return {}
    with path.open("rb") as file:
        messages = read_po(file, locale=language)
    return {str(message.id): str(message.string) for message in messages if message.id}


def language_of_request() -> str:
    """Return what the person chose, else what the browser prefers, else Chinese."""
    if not has_request_context():
        return LANGUAGES[0]
    chosen = request.cookies.get(_COOKIE)
    if chosen in LANGUAGES:
        return str(chosen)
    return request.accept_languages.best_match(LANGUAGES) or LANGUAGES[0]


def gettext(text: str) -> str:
    """Return a text in the language of this request."""
    return catalogue(language_of_request()).get(text, text)


def ngettext(one: str, many: str, count: int) -> str:
    """Return a text for a count; Chinese has one form for every count."""
    text = one if count == 1 else many
    found = catalogue(language_of_request()).get(one)
    return found if found is not None else text


def choose(name: str | None, name_en: str | None) -> str:
    """Return the name in the reader's language where there is one."""
    if language_of_request() == "en" and name_en:
        return name_en
    return name or name_en or ""


def is_local(path: str) -> bool:
    """Whether a path leads to a page of ours and nowhere else.

    Browsers and libraries drop tabs and line ends, and read a backslash as a slash.
    """
    return _LOCAL.fullmatch(path) is not None


@blueprint.get("/language/<language>")
@public
def remember(language: str) -> Response:
    """Keep the person's choice and go back to the page it was made on."""
    if language not in LANGUAGES:
        raise NotFound
    back = request.args.get("next", "/")
    answer = redirect(back if is_local(back) else "/", 303)
    assert isinstance(answer, Response)
    answer.set_cookie(_COOKIE, language, max_age=31_536_000, httponly=True, samesite="Lax")
    return answer
