"""An application over a real database, its clock in the test's hand, and visitors for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from flask import Flask
from flask.testing import FlaskClient

from config import Settings
from traceapp.access.account import open_account
from traceapp.access.token import LINK_LIFETIME, issue
from traceapp.app import create_app
from traceapp.db import Database
from traceapp.trace.scope import Scope

NOON = datetime(2021, 5, 9, 4, 0, tzinfo=UTC)
SECRET_KEY = "a secret of the tests, long enough"


@dataclass
class Clock:
    """A clock that a test sets."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **step: float) -> None:
        """Let time pass."""
        self.now += timedelta(**step)


@dataclass
class Door:
    """The application, and a way to stand before it as somebody."""

    database: Database
    base_url: str = "http://127.0.0.1:8000"
    clock: Clock = field(default_factory=Clock)
    app: Flask = field(init=False)

    def __post_init__(self) -> None:
        settings = Settings(base_url=self.base_url, secret_key_given=SECRET_KEY)
        self.app = create_app(settings, self.database, clock=self.clock)

    def token(self, role: str, division: str = "", site: str | None = None) -> str:
        """Return a bearer token of a new account."""
        return self._secret("bearer", role, Scope(division, site))

    def link(self, role: str = "admin", division: str = "") -> str:
        """Return the secret of a one-time link."""
        return self._secret("link", role, Scope(division))

    def _secret(self, kind: str, role: str, scope: Scope) -> str:
        name = "-".join(word for word in (role, scope.division, scope.site) if word)
        lifetime = LINK_LIFETIME if kind == "link" else None
        with self.database.begin() as session:
            account = open_account(session, name, role, scope, self.clock())
            return issue(session, account, kind, self.clock(), lifetime)

    def client(self, token: str | None = None) -> FlaskClient:
        """Return a client, with a bearer token or with none."""
        client = self.app.test_client()
        if token is not None:
            client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return client

    def browser(self, role: str = "admin", division: str = "") -> FlaskClient:
        """Return a client that signed in by a link."""
        client = self.app.test_client()
        answer = client.post("/sign-in", data={"secret": self.link(role, division)})
        assert answer.status_code == 303, answer.text
        return client
