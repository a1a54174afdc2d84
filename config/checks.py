"""What each setting must look like: a check returns the value as it is kept, or raises."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from config.addresses import BindAddress, BrokerAddress, MailServerAddress, ServerAddress
from config.invalid import SettingInvalid, without_password
from config.partition import Partition

Check = Callable[[str, str], str]

_CLIENT_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_MAIL_ADDRESS = re.compile(r"[^@\s<>,;\"]+@[^@\s<>,;\"]+")
_DATABASE_EXAMPLE = "sqlite:///var/traceapp.db or postgresql+psycopg://user:password@host/name"
SECRET_KEY_BYTES = 32


def database_url(variable: str, value: str) -> str:
    """Accept PostgreSQL through psycopg and SQLite in a file (memory is not shared)."""
    if value.startswith("sqlite:///"):
        if value.removeprefix("sqlite:///").split("?")[0] in ("", ":memory:"):
            raise SettingInvalid(variable, "a file that every process can open", value)
        return value
    shown = without_password(value)
    try:
        parts = urlsplit(value)
        has_name = parts.path.strip("/") != ""
        parts.port  # noqa: B018 - reading it is what checks that it is a number
    except ValueError:
        has_name = False
    if not (value.startswith("postgresql+psycopg://") and has_name):
        raise SettingInvalid(variable, _DATABASE_EXAMPLE, shown)
    return value


def broker_url(variable: str, value: str) -> str:
    """Accept ``mqtt://`` and ``mqtts://``."""
    expected = "mqtt://user:password@host:1883 or mqtts://user:password@host:8883"
    return _taken_apart(BrokerAddress, variable, value, expected)


def smtp_url(variable: str, value: str) -> str:
    """Accept ``smtp://`` and ``smtps://``."""
    expected = "smtp://host:25 or smtps://user:password@host:465"
    return _taken_apart(MailServerAddress, variable, value, expected)


def _taken_apart(kind: type[ServerAddress], variable: str, value: str, expected: str) -> str:
    try:
        kind.of(value)
    except ValueError:
        raise SettingInvalid(variable, expected, without_password(value)) from None
    return value


def client_id(variable: str, value: str) -> str:
    """Accept what every broker accepts as the name of a persistent session."""
    if not _CLIENT_ID.fullmatch(value):
        raise SettingInvalid(variable, "1 to 64 of A-Z a-z 0-9 . _ -", repr(value))
    return value


def partitions(variable: str, value: str) -> str:
    """Accept names with topic filters; which client ids they get is known only later."""
    Partition.read(variable, value, "x")
    return value


def partition_names(variable: str, value: str) -> str:
    """Accept names with commas between them, and keep them without spaces."""
    names = [name.strip() for name in value.split(",")]
    if not all(_CLIENT_ID.fullmatch(name) for name in names):
        raise SettingInvalid(variable, "partitions like north,south", repr(value))
    return ",".join(names)


def mail_address(variable: str, value: str) -> str:
    """Accept one bare mail address."""
    if not _MAIL_ADDRESS.fullmatch(value):
        raise SettingInvalid(variable, "one mail address like coldchain@example.org", repr(value))
    return value


def base_url(variable: str, value: str) -> str:
    """Accept the address that people open, and keep it without a slash at its end."""
    try:
        parts = urlsplit(value)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
        is_plain = not (parts.query or parts.fragment or parts.username) and parts.port != 0
    except ValueError:
        is_web = is_plain = False
    if not (is_web and is_plain):
        expected = "an address like https://trace.example.org"
        raise SettingInvalid(variable, expected, without_password(value))
    return value.rstrip("/")


def hours(variable: str, value: str) -> str:
    """Accept a number of hours, from half an hour to a year."""
    try:
        is_right = 0.5 <= float(value) <= 8760
    except ValueError:
        is_right = False
    if not is_right:
        raise SettingInvalid(variable, "0.5 to 8760 hours", repr(value))
    return value


def bind(variable: str, value: str) -> str:
    """Accept a host and a port."""
    try:
        BindAddress.of(value)
    except ValueError:
        expected = "a host and a port like 127.0.0.1:8000"
        raise SettingInvalid(variable, expected, repr(value)) from None
    return value


def secret_key(variable: str, value: str) -> str:
    """Accept 32 bytes or more; the message gives the length and never the key."""
    size = len(value.encode("utf-8", "surrogateescape"))
    if size < SECRET_KEY_BYTES:
        expected = f"{SECRET_KEY_BYTES} random bytes or more"
        raise SettingInvalid(variable, expected, f"{size} bytes")
    return value


def secret_keys(variable: str, value: str) -> str:
    """Accept keys with line ends between them; the message says which one is too short."""
    keys = [line for line in re.split(r"\r?\n", value) if line]
    for place, key in enumerate(keys, start=1):
        size = len(key.encode("utf-8", "surrogateescape"))
        if size < SECRET_KEY_BYTES:
            expected = f"one key a line, each of {SECRET_KEY_BYTES} bytes or more"
            raise SettingInvalid(variable, expected, f"{size} bytes in key {place}")
    return "\n".join(keys)


def folder(variable: str, value: str) -> str:
    """Accept any path but the root; whether it can be written shows when it is."""
    if value.strip("/") == "":
        raise SettingInvalid(variable, "a folder below /", repr(value))
    return value
