"""Who stands at the door."""

from __future__ import annotations

from dataclasses import dataclass

from traceapp.trace.scope import Scope

#: Roles of contract §7.
ROLES = ("viewer", "officer", "vaccinator", "admin", "device")


@dataclass(frozen=True, slots=True)
class Visitor:
    """An account that proved itself by a token or by a browser's session.

    `session_digest` is set for a browser: its requests need protection against forgery.
    """

    account_id: int
    name: str
    role: str
    scope: Scope
    session_digest: str | None = None

    @property
    def is_browser(self) -> bool:
        """Whether a cookie brought this visitor in."""
        return self.session_digest is not None
