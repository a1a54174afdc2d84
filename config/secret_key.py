"""The secret key that the first start generates and every later start finds again."""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from config.invalid import SettingInvalid

_VARIABLE = "TRACEAPP_SECRET_KEY"


def kept_secret_key(path: Path) -> str:
    """Return the key in the file, generating it first where there is none (mode 0600)."""
    try:
        with suppress(FileNotFoundError):
            return _read(path)
        _generate(path)
        return _read(path)
    except OSError as error:
        raise _unusable(path, error) from None


def found_secret_key(path: Path) -> str | None:
    """Return the key in the file, or None where there is none; nothing is written."""
    try:
        return _read(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(path, error) from None


def _unusable(path: Path, error: OSError) -> SettingInvalid:
    expected = f"a value, or a file {path} that can be read and written"
    return SettingInvalid(_VARIABLE, expected, error.strerror or "an error")


def _read(path: Path) -> str:
    key = path.read_text(encoding="ascii", errors="replace").strip()
    if len(key) < 32:
        raise SettingInvalid(_VARIABLE, f"32 bytes or more in {path}", f"{len(key)} bytes")
    return key


def _generate(path: Path) -> None:
    """Write the whole key beside the file, then give it its name unless another start was first.

    A link is used, not a rename: of two processes that start together both must end up with
    the same key, and a reader must never see half of one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=".secret_key.")
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        Path(draft).unlink()
