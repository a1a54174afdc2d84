"""The symbol of a lot or a pack as a page shows it."""

from __future__ import annotations

from markupsafe import Markup

from traceapp.rules.code import read_code
from traceapp.rules.meaning import Meaning
from traceapp.rules.symbol import LabelImpossible, draw_label, label_svg


def draw(meaning: Meaning) -> Markup | None:
    """Return the symbol as SVG; None where no symbol can bear it."""
    try:
        return Markup(label_svg(draw_label(meaning)))  # noqa: S704  escaped where it is written
    except LabelImpossible:
        return None


def draw_code(code: str | None) -> Markup | None:
    """Return the symbol of a pack's code; None where it may mean several things, or none."""
    meanings = [one for one in read_code(code or "") if one.scheme != "text"]
    return draw(meanings[0]) if len(meanings) == 1 else None
