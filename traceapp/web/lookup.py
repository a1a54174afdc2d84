"""The box at the top of every page: any code in hand."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, redirect, render_template, request

from traceapp.access.guard import allow, takes
from traceapp.access.lookup import look_up, look_up_image
from traceapp.access.role import READERS
from traceapp.rules.symbol import MAX_IMAGE_BYTES

blueprint = Blueprint("lookup", __name__)
_LONGEST = 256
_MORE_THAN_THE_PHOTO = 1 << 16


@blueprint.get("/lookup")
@allow(*READERS)
def form() -> str:
    """Draw the page with nothing looked up."""
    return render_template("pages/lookup.html", found=None, meanings=[])


@blueprint.post("/lookup")
@allow(*READERS)
@takes(MAX_IMAGE_BYTES + _MORE_THAN_THE_PHOTO)
def go() -> str | Response:
    """Go to what a code names, or list what it may name; the code stays out of the address."""
    photo = request.files.get("photo")
    image = b""
    if photo is not None:
        with photo.stream:
            image = photo.read()
    code = request.form.get("code", "").replace("\0", "").strip()[:_LONGEST]
    answers: dict[str, Any] = {"items": [], "meanings": []}
    if image:
        answers = look_up_image(image)
    elif code:
        answers = look_up(code)
    found = answers["items"]
    if len(found) == 1:
        answer = redirect(found[0]["url"], 303)
        assert isinstance(answer, Response)
        return answer
    return render_template("pages/lookup.html", found=found, meanings=answers["meanings"])
