"""Addresses taken apart once, so that nobody else needs to parse a URL."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit


@dataclass(frozen=True)
class BrokerAddress:
    """Where the MQTT broker listens and who we are to it."""

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False

    @classmethod
    def of(cls, url: str) -> BrokerAddress:
        """Take ``mqtt://user:pass@host:1883`` or ``mqtts://…`` apart; raise ValueError."""
        server = _server(url, {"mqtt": 1883, "mqtts": 8883})
        tls = server.scheme == "mqtts"
        return cls(server.host, server.port, server.username, server.password, tls)


@dataclass(frozen=True)
class MailServerAddress:
    """Where the mail server listens and who we are to it."""

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False

    @classmethod
    def of(cls, url: str) -> MailServerAddress:
        """Take ``smtp://host:25`` or ``smtps://user:pass@host:465`` apart; raise ValueError."""
        server = _server(url, {"smtp": 25, "smtps": 465})
        tls = server.scheme == "smtps"
        return cls(server.host, server.port, server.username, server.password, tls)


@dataclass(frozen=True)
class BindAddress:
    """Where the web listens."""

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


@dataclass(frozen=True)
class _Server:
    """The parts that a broker's and a mail server's URL have in common."""

    scheme: str
    host: str
    port: int
    username: str | None
    password: str | None


def _server(url: str, default_ports: dict[str, int]) -> _Server:
    """Take a server's URL apart; raise ValueError for another scheme or anything after the port."""
    parts = urlsplit(url)
    if parts.scheme not in default_ports or not parts.hostname:
        raise ValueError("scheme or host")
    if parts.path.strip("/") or parts.query or parts.fragment or parts.port == 0:
        raise ValueError("path, query, fragment or port")
    return _Server(
        scheme=parts.scheme,
        host=parts.hostname,
        port=parts.port or default_ports[parts.scheme],
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )
