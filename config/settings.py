"""Every setting, its meaning and its default; an empty text means that nobody gave one."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from config import checks
from config.addresses import BindAddress, BrokerAddress, MailServerAddress
from config.invalid import SettingInvalid, without_password
from config.partition import Partition
from config.secret_key import found_secret_key, kept_secret_key

PREFIX = "TRACEAPP_"


def _setting(
    check: checks.Check,
    example: str,
    default: str = "",
    secret: bool = False,
    lines: bool = False,
) -> Any:
    """Declare a setting: its check, an example, whether a file may hold it, and several lines."""
    told = {"check": check, "example": example, "secret": secret, "lines": lines}
    return field(default=default, metadata=told)


@dataclass(frozen=True, repr=False)
class Settings:
    """What a process was told when it started; made by ``config.load_settings``."""

    database_url: str = _setting(
        checks.database_url, "postgresql+psycopg://user:password@host/name", secret=True
    )
    """The database: PostgreSQL, or SQLite in a file. Needed by everything but the demo."""

    broker_url: str = _setting(checks.broker_url, "mqtt://user:password@host:1883", secret=True)
    """The MQTT broker; ``mqtts://`` speaks TLS. Needed by the ingester."""

    broker_client_id: str = _setting(checks.client_id, "ingest-1")
    """The name of the ingester's persistent session: fixed, and another one for each ingester."""

    partitions_given: str = _setting(checks.partitions, "north=4501000001;south=4502000001")
    """The partitions of the telemetry, each with its topic filters. Not given, it has one."""

    partitions_to_take_given: str = _setting(checks.partition_names, "north,south")
    """The partitions that this ingester may take, in this order. Not given, it may take any."""

    smtp_url: str = _setting(checks.smtp_url, "smtps://user:password@host:465", secret=True)
    """The mail server. Without it alerts stay in the outbox and the pages say so."""

    mail_from: str = _setting(checks.mail_address, "coldchain@example.org")
    """The sender of our e-mails. Needed with ``TRACEAPP_SMTP_URL``."""

    base_url: str = _setting(
        checks.base_url, "https://trace.example.org", default="http://127.0.0.1:8000"
    )
    """The address under which people reach the web: the links in e-mails begin with it."""

    recall_reminder_hours: str = _setting(checks.hours, "24", default="24")
    """How long after the first e-mail about a recall whoever is silent is reminded."""

    recall_repeat_hours: str = _setting(checks.hours, "24", default="24")
    """How long after each reminder of a recall the next one follows."""

    bind: str = _setting(checks.bind, "127.0.0.1:8000", default="127.0.0.1:8000")
    """Where the web listens. Anything but loopback needs TLS in front of it."""

    secret_key_given: str = _setting(checks.secret_key, "32 random bytes or more", secret=True)
    """``TRACEAPP_SECRET_KEY`` as it was given; read ``secret_key``, which also knows the file."""

    other_secret_keys_given: str = _setting(
        checks.secret_keys, "one key a line", secret=True, lines=True
    )
    """Secret keys of earlier times, and the next one: recipients under them are found and read."""

    metrics_bind: str = _setting(checks.bind, "127.0.0.1:9101")
    """Where the ingester serves its Prometheus metrics. Not given, it serves none."""

    data_folder: str = _setting(checks.folder, "/var/lib/traceapp", default="var")
    """Where a generated secret key is kept, and the demo's data."""

    mailbox: str = _setting(checks.folder, "var/demo/mail")
    """Where the demo's mail catcher stores each e-mail; the pages then show them."""

    @cached_property
    def secret_key(self) -> str:
        """The key of sessions and blind indexes: the given one, else one generated once and kept.

        The first to ask creates ``secret_key`` in the data folder with mode 0600: the web, and
        nothing that only reads.
        """
        return self.secret_key_given or kept_secret_key(self.secret_key_file)

    @property
    def secret_key_found(self) -> str | None:
        """The same where there is one already; nothing is generated."""
        return self.secret_key_given or found_secret_key(self.secret_key_file)

    @property
    def secret_key_file(self) -> Path:
        """Where a generated key is kept."""
        return Path(self.data_folder) / "secret_key"

    @property
    def other_secret_keys(self) -> tuple[str, ...]:
        """``other_secret_keys_given`` one by one."""
        return tuple(key for key in self.other_secret_keys_given.split("\n") if key)

    @property
    def broker(self) -> BrokerAddress:
        """``broker_url`` taken apart."""
        self.require("broker_url")
        return BrokerAddress.of(self.broker_url)

    @property
    def partitions(self) -> tuple[Partition, ...]:
        """``partitions_given`` taken apart; one with every topic where nobody gave any."""
        self.require("broker_client_id")
        own = self.broker_client_id
        if not self.partitions_given:
            return (Partition(own, own),)
        return Partition.read(variable_of("partitions_given"), self.partitions_given, own)

    @property
    def partitions_to_take(self) -> tuple[Partition, ...]:
        """The partitions that this process may take, the first ones first."""
        known = {partition.name: partition for partition in self.partitions}
        told = self.partitions_to_take_given
        names = told.split(",") if told else list(known)
        for name in names:
            if name not in known:
                variable = variable_of("partitions_to_take_given")
                raise SettingInvalid(variable, f"some of {' '.join(known)}", repr(name))
        return tuple(known[name] for name in names)

    @property
    def mail_server(self) -> MailServerAddress:
        """``smtp_url`` taken apart."""
        self.require("smtp_url")
        return MailServerAddress.of(self.smtp_url)

    @property
    def bind_address(self) -> BindAddress:
        """``bind`` taken apart."""
        return BindAddress.of(self.bind)

    def require(self, *names: str) -> Self:
        """Return the settings, or raise for the first named one that nobody gave."""
        for name in names:
            if not getattr(self, name):
                raise SettingInvalid(variable_of(name), f"a value like {example_of(name)}", "none")
        return self

    def cautions(self) -> list[str]:
        """Return what a person should be told at start, one sentence each."""
        if self.bind_address.is_loopback:
            return []
        return [
            f"{PREFIX}BIND is {self.bind}: other machines can reach it, so put TLS in front of it."
        ]

    def __repr__(self) -> str:
        """Show every setting and no password."""
        shown = (f"{f.name}={_shown(f.name, getattr(self, f.name))!r}" for f in fields(self))
        return f"Settings({', '.join(shown)})"


def variable_of(name: str) -> str:
    """Return the environment variable of a field: ``secret_key_given`` is TRACEAPP_SECRET_KEY."""
    return PREFIX + name.removesuffix("_given").upper()


def example_of(name: str) -> str:
    """Return the example that documentation and messages give for a field."""
    return str(next(f for f in fields(Settings) if f.name == name).metadata["example"])


def _shown(name: str, value: str) -> str:
    if name in ("secret_key_given", "other_secret_keys_given"):
        return "***" if value else ""
    return without_password(value)
