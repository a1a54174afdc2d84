"""From what an e-mail says to the e-mail: pure, and the same each time."""

from __future__ import annotations

import hashlib
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape

from traceapp.alerts.letter import Letter, Text, clean

_LONGEST_SUBJECT = 150


def compose(
    letter: Letter,
    recipient: str,
    language: str,
    *,
    sender: str,
    base_url: str,
    now: datetime,
) -> EmailMessage:
    """The e-mail to one recipient, whose language comes first.

    Its Message-ID follows from what it is about and the recipient: an e-mail that is sent twice
    after a crash is recognisable as one. Raises ValueError for an address that is none.
    """
    ordered = [t for _, t in sorted(letter.texts.items(), key=lambda item: item[0] != language)]
    link = f"{base_url}{letter.path}"
    message = EmailMessage(policy=SMTP)
    message["From"] = _address(sender)
    message["To"] = _address(recipient)
    message["Subject"] = clean(ordered[0].subject)[:_LONGEST_SUBJECT]
    message["Date"] = format_datetime(now)
    message["Message-ID"] = message_id(letter.name, recipient, sender)
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = ", ".join(text.tag for text in ordered)
    message.set_content("\n\n".join(_plain(text, link) for text in ordered), cte="base64")
    page = _HTML.format("".join(_html(text, link) for text in ordered))
    message.add_alternative(page, subtype="html", cte="base64")
    message.set_boundary(f"=_{message['Message-ID'].strip('<>').partition('@')[0]}")
    return message


def message_id(name: str, recipient: str, sender: str) -> str:
    """The Message-ID of a letter to a recipient, without naming the recipient."""
    whose = hashlib.sha256(recipient.encode()).hexdigest()[:16]
    domain = sender.rpartition("@")[2]
    return f"<{name}-{whose}@{domain}>"


def _address(text: str) -> Address:
    try:
        return Address(addr_spec=text)
    except (ValueError, IndexError, MessageError) as error:
        raise ValueError("Expected one mail address.") from error


def _plain(text: Text, link: str) -> str:
    colon = "：" if text.tag.startswith("zh") else ": "
    lines = [f"{name}{colon}{value}" for name, value in text.rows]
    lines += ["", f"{text.list_title}{colon.rstrip()}"]
    lines += [f"  - {item}" for item in text.items]
    lines += ["", f"{text.link}{colon}{link}", "", text.why, ""]
    return "\n".join(lines)


_HTML = """<!doctype html>
<html><body style="font-family:sans-serif;line-height:1.5;color:#1a1a1a">
{}</body></html>
"""
_CELL = "padding:2px 12px 2px 0;vertical-align:top;text-align:left"


def _html(text: Text, link: str) -> str:
    rows = "".join(
        f'<tr><th style="{_CELL};font-weight:normal;color:#555">{escape(name)}</th>'
        f'<td style="{_CELL}">{escape(value)}</td></tr>\n'
        for name, value in text.rows
    )
    items = "".join(f"<li>{escape(item)}</li>\n" for item in text.items)
    return (
        f'<div lang="{text.tag}" style="margin-bottom:2em">\n'
        f"<table>\n{rows}</table>\n"
        f"<p>{escape(text.list_title)}</p>\n<ul>\n{items}</ul>\n"
        f'<p><a href="{escape(link)}">{escape(text.link)}</a> {escape(link)}</p>\n'
        f'<p style="color:#555">{escape(text.why)}</p>\n</div>\n'
    )
