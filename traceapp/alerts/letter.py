"""What an e-mail says before it has a recipient: in every language, and what it is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from traceapp.rules.calendar import CHINA


@dataclass(frozen=True, slots=True)
class Text:
    """Everything that an e-mail says in one language: facts by name, a list, and why it came."""

    tag: str
    subject: str
    rows: Sequence[tuple[str, str]]
    list_title: str
    items: Sequence[str]
    link: str
    why: str


@dataclass(frozen=True, slots=True)
class Letter:
    """An e-mail of which only the recipient is open.

    `name` is the same whenever the same e-mail is written again; `path` is where its link leads.
    """

    name: str
    path: str
    texts: Mapping[str, Text]


def shown(moment: datetime) -> str:
    """A moment as people in China read it, with its offset: `2021-05-09 08:00 (+08:00)`."""
    return f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M} (+08:00)"


def clean(text: str | None) -> str:
    """A name from the registry on one line: nothing in it can end a header or hide text."""
    return " ".join("".join(c if c.isprintable() else " " for c in text or "").split())
