"""What templates can say: texts, labels, moments, temperatures, names."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import Flask, request, url_for
from markupsafe import Markup

from schemas.fields import format_moment, parse_moment
from traceapp.access.csrf import FIELD, csrf_token
from traceapp.access.guard import visitor_if_any
from traceapp.doors import doors
from traceapp.rules.calendar import CHINA
from traceapp.web import curve
from traceapp.web.labels import label
from traceapp.web.language import gettext, language_of_request, ngettext
from traceapp.web.names import may_open, name_of

_HOUR, _DAY = 60, 24 * 60
_CURVE_SIZE = {
    "width": curve.WIDTH,
    "height": curve.HEIGHT,
    "left": curve.LEFT,
    "right": curve.RIGHT,
    "top": curve.TOP,
    "bottom": curve.BOTTOM,
}


def prepare_templates(app: Flask) -> None:
    """Give every template of an application these words."""
    environment = app.jinja_env
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.add_extension("jinja2.ext.i18n")
    install = environment.install_gettext_callables  # type: ignore[attr-defined]  # added by i18n
    install(gettext, ngettext, newstyle=True)
    environment.filters |= {
        "moment": moment,
        "day": day,
        "celsius": celsius,
        "duration": duration,
        "number": number,
    }
    environment.globals |= {
        "label": label,
        "name_of": name_of,
        "may_open": may_open,
        "finding_text": finding_text,
        "curve_size": _CURVE_SIZE,
    }
    app.context_processor(_around)


def _around() -> dict[str, Any]:
    """Return what the frame of every page shows."""
    who = visitor_if_any()
    parts = doors()
    token = ""
    if who is not None and who.session_digest is not None:
        token = csrf_token(parts.settings.secret_key, who.session_digest)
    return {
        "language": language_of_request(),
        "visitor": who,
        "csrf": Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, token),
        "has_mailbox": parts.mailbox is not None,
        "sends_mail": bool(parts.settings.smtp_url),
        "here": request.full_path.rstrip("?") if request.method == "GET" else "/",
        "now": parts.clock(),
        "static": lambda name: url_for("static", filename=name),
    }


def finding_text(finding: dict[str, Any]) -> str:
    """Return a finding in the reader's language; the record words it in both."""
    chinese, _, english = str(finding["text"]).partition(" / ")
    return english if english and language_of_request() == "en" else chinese


def as_moment(value: datetime | str) -> datetime:
    """Return a moment of a document, which may have been written out already."""
    return parse_moment(value) if isinstance(value, str) else value


def moment(value: datetime | str | None, with_seconds: bool = False) -> Markup:
    """Draw a moment in Beijing time; the machine-readable one is in UTC."""
    if value is None:
        return Markup('<span class="none">–</span>')
    at = as_moment(value)
    shown = at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M" + (":%S" if with_seconds else ""))
    return Markup('<time datetime="{}">{}</time>').format(format_moment(at), shown)


def day(value: date | str | None) -> str:
    """Draw a calendar day."""
    return str(value) if value else "–"


def celsius(value: float | None, digits: int = 1) -> str:
    """Draw a temperature with its unit and a true minus sign."""
    if value is None:
        return "–"
    return f"{value:.{digits}f} °C".replace("-", "−")


def number(value: float | None, digits: int = 0) -> str:
    """Draw a count or a figure with thin spaces between the thousands."""
    if value is None:
        return "–"
    return f"{value:,.{digits}f}".replace(",", "\u2009").replace("-", "−")


def duration(minutes: float | None) -> str:
    """Draw minutes as days, hours and minutes."""
    if minutes is None:
        return "–"
    whole = round(minutes)
    days, rest = divmod(whole, _DAY)
    hours, left = divmod(rest, _HOUR)
    if days and not hours:
        return ngettext("%(num)d day", "%(num)d days", days) % {"num": days}
    if days:
        return gettext("%(days)d d %(hours)d h") % {"days": days, "hours": hours}
    if hours and not left:
        return gettext("%(hours)d h") % {"hours": hours}
    if hours:
        return gettext("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": left}
    return gettext("%(minutes)d min") % {"minutes": left}
