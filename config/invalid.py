"""The one error of this package, and how it shows what came without showing a password."""

from __future__ import annotations

import re

# Greedy up to the last @, and without insisting on a well-formed URL: a mistyped one is shown too.
_PASSWORD = re.compile(r"^(?P<before>([a-z0-9+]*:?//)?[^:]*:).*(?P<after>@)", re.DOTALL)
_PASSWORD_IN_QUERY = re.compile(r"(?P<before>password=)[^&]*")


class SettingInvalid(ValueError):
    """A setting is missing, wrong, or contradicts another; the message is one line."""

    def __init__(self, variable: str, expected: str, got: str) -> None:
        """Name the variable, what was expected and what came (already free of secrets)."""
        super().__init__(f"{variable}: expected {expected}, got {' '.join(got.split())}.")
        self.variable = variable
        self.expected = expected
        self.got = got


def without_password(url: str) -> str:
    """Return the URL with its password, if it has one, replaced by three stars."""
    shown = _PASSWORD.sub(r"\g<before>***\g<after>", url)
    return _PASSWORD_IN_QUERY.sub(r"\g<before>***", shown)
