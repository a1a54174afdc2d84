"""`traceapp trace`: what the trace page shows, as tables in the terminal."""

from __future__ import annotations

import os
from contextlib import closing
from datetime import UTC, date, datetime
from typing import Any

import click
import msgspec
from rich.console import Console
from sqlalchemy.orm import Session

from config import load_settings
from schemas.fields import format_moment
from traceapp.access.audit import audit
from traceapp.access.secret_key import require_every_key
from traceapp.commands.layout import plainly, show_table
from traceapp.db import open_database
from traceapp.rules.calendar import CHINA
from traceapp.trace.backward import trace_dose
from traceapp.trace.code import meanings_of
from traceapp.trace.forward import trace_lot
from traceapp.trace.lookup import resolve
from traceapp.trace.scope import Scope
from traceapp.vault import find_vault

_COUNTRY = Scope()
#: What is told of an exposure: the coldest, the warmest, and minutes.
_OF_EXPOSURE = ("min °C", "max °C", "above", "below", "unknown")


@click.command()
@click.argument("code")
@click.option("--json", "as_json", is_flag=True, help="Print the document instead of tables.")
def trace(code: str, as_json: bool) -> None:
    """Show where CODE came from and where it went: a dose, pack, lot, movement, document, unit.

    The tables are in Beijing time, as the pages are; --json is in UTC.
    """
    settings = load_settings(os.environ)
    settings.require("database_url")
    if any("\ud800" <= letter <= "\udfff" for letter in code):  # So come bytes that are no UTF-8.
        raise click.ClickException("Expected a code in UTF-8.")
    with closing(open_database(settings.database_url)) as database, database.read() as session:
        answers = resolve(session, _COUNTRY, code, find_vault(settings))
        if not answers:
            require_every_key(session, settings)  # Without it nobody can say that it is unknown.
            raise click.ClickException(_explain(session, code))
        document = _follow(session, answers)
    _write_down(settings.database_url, answers)
    if as_json:
        shown = answers if document is None else document
        click.echo(msgspec.json.format(msgspec.json.encode(_plain(shown)), indent=2).decode())
    elif document is None:
        _show_answers(answers)
    else:
        _show(document)


def _explain(session: Session, code: str) -> str:
    """Say what a code is that the record does not know, in one line."""
    said = "; or ".join(one["text"] for one in meanings_of(session, _COUNTRY, code))
    shown = plainly(code).plain
    return f"Expected a code that the record knows, got {shown}" + (f": {said}" if said else "")


def _write_down(url: str, answers: list[dict[str, str]]) -> None:
    """Note that a person was looked for, as the web does: which doses, and no number."""
    people = [one["code"] for one in answers if one["kind"] == "recipient"]
    if people:
        with closing(open_database(url)) as database, database.begin() as session:
            now, detail = datetime.now(UTC), {"doses": people}
            audit(session, "command line", "find recipient", "by document", now, detail)


def _follow(session: Session, answers: list[dict[str, str]]) -> dict[str, Any] | None:
    """The trace behind a single answer; None where there are several, or a unit."""
    if len({answer["url"] for answer in answers}) > 1:
        return None
    kind, *names = answers[0]["url"].strip("/").split("/")
    if kind == "doses":
        return trace_dose(session, _COUNTRY, names[0])
    if kind == "lots":
        return _whole_lot(session, names[0], names[1])
    return None


def _whole_lot(session: Session, gtin: str, number: str) -> dict[str, Any] | None:
    """A lot with all of its shipments, page after page."""
    now = datetime.now(UTC)
    trace = page = trace_lot(session, _COUNTRY, gtin, number, now)
    while trace is not None and page is not None and page["next"] is not None:
        page = trace_lot(session, _COUNTRY, gtin, number, now, cursor=page["next"])
        trace["shipments"] += page["shipments"] if page else []
    return None if trace is None else {**trace, "next": None}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return format_moment(value)
    return value.isoformat() if isinstance(value, date) else value


def _show_answers(answers: list[dict[str, str]]) -> None:
    rows = [(one["kind"], one["code"], one["title"]) for one in answers]
    show_table("可能是 May be", ("kind", "code", "what"), rows)


def _show(document: dict[str, Any]) -> None:
    if "dose" in document:
        _show_dose(document)
    else:
        _show_lot(document)
    rows = [(one["code"], one["text"]) for one in document["findings"]]
    show_table("问题 Findings", ("code", "text"), rows)


def _show_dose(document: dict[str, Any]) -> None:
    dose, lot, source = document["dose"], document["lot"] or {}, document["source"] or {}
    title = (
        f"{dose['id']}  {_moment(dose['at'])}  {dose['site_name']}  "
        f"{lot.get('product') or ''} {lot.get('number') or ''}  {source.get('manufacturer') or ''}"
    )
    Console().print(plainly(title))
    rows = [
        (
            one["site"],
            one["unit"],
            _moment(one["from"]),
            _moment(one["until"]),
            one["certainty"],
            *_exposure(one["exposure"]),
        )
        for one in document["path"]
    ]
    names = ("site", "unit", "from", "until", "certainty", *_OF_EXPOSURE)
    show_table("来源 Path", names, rows)


def _show_lot(document: dict[str, Any]) -> None:
    lot, source = document["lot"], document["source"]
    title = f"{lot['number']}  {lot['product'] or lot['gtin']}  {source['manufacturer'] or ''}"
    Console().print(plainly(title))
    rows = [
        (
            one["from"],
            one["to"],
            _moment(one["shipped_at"]),
            _moment(one["received_at"]),
            one["doses_shipped"],
            one["doses_received"],
            *_exposure(one["exposure"]),
        )
        for one in document["shipments"]
    ]
    names = ("from", "to", "shipped", "received", "doses", "arrived")
    show_table("去向 Shipments", (*names, *_OF_EXPOSURE), rows)
    held = [(one["site"], one["unit"], one["doses"]) for one in document["holdings"]]
    show_table("库存 Holdings", ("site", "unit", "doses"), held)
    show_table("平衡 Balance", tuple(document["balance"]), [tuple(document["balance"].values())])


def _exposure(exposure: dict[str, Any]) -> tuple[str, ...]:
    low, high = exposure["min_celsius"], exposure["max_celsius"]
    minutes = [exposure[name] for name in ("minutes_above", "minutes_below", "unknown_minutes")]
    return (
        "" if low is None else f"{low:.1f}",
        "" if high is None else f"{high:.1f}",
        *(f"{number:.0f}" for number in minutes),
    )


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
