"""The demo's mailbox: every e-mail that left, as its reader would see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime
from pathlib import Path

from flask import Blueprint, Response, render_template

from traceapp.access.guard import allow
from traceapp.doors import doors
from traceapp.problem import not_found

blueprint = Blueprint("mailbox", __name__)
_MOST = 500

#: An e-mail brings styles of its own; nothing in it may run, load, or leave its frame.
_MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)


@dataclass(frozen=True, slots=True)
class Mail:
    """One e-mail of the folder; `number` is the name of its file."""

    number: str
    sent_at: datetime | None
    sender: str
    to: str
    subject: str
    plain: str | None
    html: str | None


@blueprint.get("/mailbox")
@allow("admin")
def mailbox() -> str:
    """Draw the list, newest first."""
    paths = sorted(_folder().glob("*.eml"), reverse=True)[:_MOST]
    return render_template("pages/mailbox.html", mails=[read_mail(path) for path in paths])


@blueprint.get("/mailbox/<number:number>")
@allow("admin")
def mail(number: str) -> str:
    """Draw one e-mail: its HTML in a frame of its own, its plain text below."""
    return render_template("pages/mail.html", mail=read_mail(_path(number)))


@blueprint.get("/mailbox/<number:number>/html")
@allow("admin")
def html(number: str) -> Response:
    """Answer the HTML of an e-mail, for the frame; its links open outside of it."""
    found = read_mail(_path(number))
    answer = Response(
        f'<base target="_blank">{found.html or ""}', content_type="text/html; charset=utf-8"
    )
    answer.headers["Content-Security-Policy"] = _MAIL_POLICY
    answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    return answer


def read_mail(path: Path) -> Mail:
    """Read one file as any mail program would."""
    message = message_from_bytes(path.read_bytes(), policy=default)
    assert isinstance(message, EmailMessage)
    return Mail(
        number=path.stem,
        sent_at=_sent_at(message),
        sender=str(message["From"] or ""),
        to=str(message["To"] or ""),
        subject=str(message["Subject"] or ""),
        plain=_text(message, "plain"),
        html=_text(message, "html"),
    )


def _folder() -> Path:
    folder = doors().mailbox
    if folder is None:
        raise not_found("mailbox", "here")
    return folder


def _path(number: str) -> Path:
    path = _folder() / f"{number}.eml"
    if not path.is_file():
        raise not_found("e-mail", number)
    return path


def _sent_at(message: EmailMessage) -> datetime | None:
    try:
        sent_at = parsedate_to_datetime(str(message["Date"]))
    except ValueError:
        return None
    return sent_at if sent_at.tzinfo else sent_at.replace(tzinfo=UTC)


def _text(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body((kind,))
    return None if part is None else str(part.get_content())
