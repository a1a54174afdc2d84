"""The reason that a form gives for what it asks."""

from __future__ import annotations

from flask import request
from marshmallow import ValidationError

from schemas.dose import ReasonSchema
from traceapp.problem import Problem, flatten
from traceapp.web.language import gettext


def reason_of_form() -> str:
    """Return the reason in a form, held to the same measure as the API's."""
    try:
        told = ReasonSchema().load({"reason": request.form.get("reason", "").strip()})
    except ValidationError as error:
        said = gettext("Give the reason in a few words.")
        raise Problem(422, said, flatten(error.messages)) from None
    return str(told["reason"])


def urgency_of_form() -> int:
    """Return the class of a recall in a form."""
    urgency = request.form.get("class", type=int)
    if urgency not in (1, 2, 3):
        raise Problem(422, gettext("Choose a class."), {"class": ["Expected 1, 2 or 3."]})
    return urgency
