"""From the facts of an excursion to the e-mail about it: pure, and the same each time."""

from __future__ import annotations

import hashlib
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape

from traceapp.alerts.wording import WORDINGS, Wording, clean
from traceapp.trace.alert import ExcursionFacts

_LONGEST_SUBJECT = 150


def compose(
    facts: ExcursionFacts,
    recipient: str,
    language: str,
    *,
    sender: str,
    base_url: str,
    now: datetime,
) -> EmailMessage:
    """The e-mail about an excursion to one recipient, whose language comes first.

    Its Message-ID follows from the excursion and the recipient: an e-mail that is sent twice
    after a crash is recognisable as one. Raises ValueError for an address that is none.
    """
    wordings = sorted(WORDINGS.items(), key=lambda item: item[0] != language)
    ordered = [wording for _, wording in wordings]
    link = f"{base_url}/excursions/{facts.excursion_id}"
    message = EmailMessage(policy=SMTP)
    message["From"] = _address(sender)
    message["To"] = _address(recipient)
    message["Subject"] = clean(ordered[0].subject(facts))[:_LONGEST_SUBJECT]
    message["Date"] = format_datetime(now)
    message["Message-ID"] = message_id(facts.excursion_id, recipient, sender)
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = ", ".join(wording.tag for wording in ordered)
    plain = "\n\n".join(_plain(wording, facts, link) for wording in ordered)
    message.set_content(plain, cte="base64")
    page = _HTML.format("".join(_html(wording, facts, link) for wording in ordered))
    message.add_alternative(page, subtype="html", cte="base64")
    message.set_boundary(f"=_{message['Message-ID'].strip('<>').partition('@')[0]}")
    return message


def message_id(excursion_id: int, recipient: str, sender: str) -> str:
    """The Message-ID of the e-mail about an excursion to a recipient, without naming either."""
    whose = hashlib.sha256(recipient.encode()).hexdigest()[:16]
    domain = sender.rpartition("@")[2]
    return f"<excursion-{excursion_id}-{whose}@{domain}>"


def _address(text: str) -> Address:
    try:
        return Address(addr_spec=text)
    except (ValueError, IndexError, MessageError) as error:
        raise ValueError("Expected one mail address.") from error


def _plain(wording: Wording, facts: ExcursionFacts, link: str) -> str:
    colon = "：" if wording.tag.startswith("zh") else ": "
    lines = [f"{name}{colon}{value}" for name, value in wording.rows(facts)]
    lines += ["", f"{wording.lots_title}{colon.rstrip()}"]
    lines += [f"  - {lot}" for lot in wording.lots(facts)]
    lines += ["", f"{wording.link}{colon}{link}", "", wording.why, ""]
    return "\n".join(lines)


_HTML = """<!doctype html>
<html><body style="font-family:sans-serif;line-height:1.5;color:#1a1a1a">
{}</body></html>
"""
_CELL = "padding:2px 12px 2px 0;vertical-align:top;text-align:left"


def _html(wording: Wording, facts: ExcursionFacts, link: str) -> str:
    rows = "".join(
        f'<tr><th style="{_CELL};font-weight:normal;color:#555">{escape(name)}</th>'
        f'<td style="{_CELL}">{escape(value)}</td></tr>\n'
        for name, value in wording.rows(facts)
    )
    lots = "".join(f"<li>{escape(lot)}</li>\n" for lot in wording.lots(facts))
    return (
        f'<div lang="{wording.tag}" style="margin-bottom:2em">\n'
        f"<table>\n{rows}</table>\n"
        f"<p>{escape(wording.lots_title)}</p>\n<ul>\n{lots}</ul>\n"
        f'<p><a href="{escape(link)}">{escape(wording.link)}</a> {escape(link)}</p>\n'
        f'<p style="color:#555">{escape(wording.why)}</p>\n</div>\n'
    )
