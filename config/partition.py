"""How the telemetry is divided among ingesters: names, topic filters and client ids."""

from __future__ import annotations

import re
from dataclasses import dataclass

from config.invalid import SettingInvalid

EVERYTHING = "coldchain/v1/#"
_BEGINNING = "coldchain/v1/"
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LEVEL = re.compile(r"[A-Za-z0-9._-]{1,64}|\+")
_EXAMPLE = "partitions like north=4501000001,4501000002;south=coldchain/v1/4502000001/#"


@dataclass(frozen=True)
class Partition:
    """What the broker keeps for one client id: the messages that its topic filters match."""

    name: str
    client_id: str
    filters: tuple[str, ...] = (EVERYTHING,)

    @classmethod
    def read(cls, variable: str, text: str, client_id: str) -> tuple[Partition, ...]:
        """Read ``NAME=FILTER,…;NAME:CLIENT_ID=FILTER,…``; raise SettingInvalid.

        A site's code is short for all its topics. A partition without a client id of its own has
        ``client_id`` with its name behind it.
        """
        read = tuple(_one(variable, part.strip(), client_id) for part in text.split(";") if part)
        for kind in ("name", "client_id"):
            seen = [getattr(partition, kind) for partition in read]
            for value in seen:
                if seen.count(value) > 1:
                    raise SettingInvalid(variable, f"each {kind} once", f"{value} again")
        return read


def _one(variable: str, text: str, client_id: str) -> Partition:
    label, sign, listed = text.partition("=")
    name, colon, own_id = (word.strip() for word in label.partition(":"))
    client = own_id if colon else f"{client_id}-{name}"
    if not sign or not _NAME.fullmatch(name):
        raise SettingInvalid(variable, _EXAMPLE, repr(text[:80]))
    if not _NAME.fullmatch(client):
        raise SettingInvalid(variable, "client ids of 1 to 64 of A-Z a-z 0-9 . _ -", repr(client))
    words = [word.strip() for word in listed.split(",") if word.strip()]
    return Partition(name, client, tuple(_filter(variable, word) for word in words))


def _filter(variable: str, word: str) -> str:
    if _NAME.fullmatch(word):
        return f"{_BEGINNING}{word}/#"
    levels = word.removeprefix(_BEGINNING).split("/")
    body = levels[:-1] if levels[-1] == "#" else levels
    if not word.startswith(_BEGINNING) or not all(_LEVEL.fullmatch(level) for level in body):
        expected = f"sites' codes, or topic filters that begin with {_BEGINNING}"
        raise SettingInvalid(variable, expected, repr(word[:80]))
    return word
