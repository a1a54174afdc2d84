"""Addresses taken apart once, so that nobody else needs to parse a URL."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import ClassVar, Self
from urllib.parse import unquote, urlsplit


@dataclass(frozen=True)
class ServerAddress:
    """Where a server of others listens and who we are to it."""

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False

    plain_scheme: ClassVar[str]
    plain_port: ClassVar[int]
    tls_port: ClassVar[int]

    @classmethod
    def of(cls, url: str) -> Self:
        """Take a URL apart; raise ValueError for another scheme or anything after the port."""
        parts = urlsplit(url)
        tls = parts.scheme == f"{cls.plain_scheme}s"
        if not (tls or parts.scheme == cls.plain_scheme) or not parts.hostname:
            raise ValueError("scheme or host")
        if parts.path.strip("/") or parts.query or parts.fragment or parts.port == 0:
            raise ValueError("path, query, fragment or port")
        return cls(
            host=parts.hostname,
            port=parts.port or (cls.tls_port if tls else cls.plain_port),
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            tls=tls,
        )


@dataclass(frozen=True)
class BrokerAddress(ServerAddress):
    """The MQTT broker: ``mqtt://user:password@host:1883`` or ``mqtts://…``."""

    plain_scheme, plain_port, tls_port = "mqtt", 1883, 8883


@dataclass(frozen=True)
class MailServerAddress(ServerAddress):
    """The mail server: ``smtp://host:25`` or ``smtps://user:password@host:465``."""

    plain_scheme, plain_port, tls_port = "smtp", 25, 465


@dataclass(frozen=True)
class BindAddress:
    """Where a process of ours listens."""

    host: str
    port: int

    @classmethod
    def of(cls, text: str) -> BindAddress:
        """Take ``127.0.0.1:8000`` or ``[::1]:8000`` apart; raise ValueError."""
        parts = urlsplit(f"//{text}")
        if parts.hostname is None or parts.port is None or parts.netloc != text or "@" in text:
            raise ValueError(text)
        return cls(parts.hostname, parts.port)

    @property
    def is_loopback(self) -> bool:
        """Say whether only this machine can reach the address."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"
