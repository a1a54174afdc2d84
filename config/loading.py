"""Reading the settings: the environment, then a file beside a secret, then TOML, then defaults."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

from config.invalid import SettingInvalid
from config.settings import PREFIX, Settings, variable_of

_FOLDER = Path(__file__).parent
_NAMES = {f.name.removesuffix("_given"): f.name for f in fields(Settings)}


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of this process; raise SettingInvalid for the first wrong one.

    An empty variable counts as one that was not given.
    """
    environ = os.environ if environ is None else environ
    told = _from_toml(_FOLDER / "default.toml")
    told |= _from_toml(_chosen_file(environ.get(f"{PREFIX}CONFIG", "")))
    for field in fields(Settings):
        told |= _from_environment(field, environ)
    settings = Settings(
        **{f.name: _checked(f, told[f.name]) for f in fields(Settings) if told.get(f.name)}
    )
    _refuse_contradictions(settings)
    return settings


def _checked(field: Field[Any], value: str) -> str:
    variable = variable_of(field.name)
    lines = re.split(r"\r?\n", value) if field.metadata["lines"] else [value]
    if not all(line.isprintable() for line in lines):
        raise SettingInvalid(variable, "printable text in UTF-8", "other characters")
    return str(field.metadata["check"](variable, value))


def _chosen_file(choice: str) -> Path | None:
    """Return the file that TRACEAPP_CONFIG names: a path, or a name in this folder."""
    if not choice:
        return None
    path = Path(choice) if "/" in choice else _FOLDER / f"{choice.removesuffix('.toml')}.toml"
    if not path.is_file():
        expected = f"a TOML file, or the name of one in {_FOLDER.name}/"
        raise SettingInvalid(f"{PREFIX}CONFIG", expected, repr(choice))
    return path


def _from_toml(path: Path | None) -> dict[str, str]:
    """Return what one file says, by field; a name or a type that is not ours is refused."""
    if path is None:
        return {}
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingInvalid(f"{PREFIX}CONFIG", f"TOML in {path}", str(error)) from None
    told = {}
    for name, value in document.items():
        if name not in _NAMES:
            raise SettingInvalid(f"{name} in {path}", f"one of {' '.join(_NAMES)}", "this name")
        text = _joined(value) if name == "partitions" else value
        if not isinstance(text, str):
            raise SettingInvalid(f"{name} in {path}", "a text in quotes", type(value).__name__)
        told[_NAMES[name]] = text
    return told


def _joined(value: object) -> object:
    """Return a table of lists as the text that a variable would hold; anything else as it is."""
    if not isinstance(value, dict):
        return value
    if not all(isinstance(filters, list) for filters in value.values()):
        return None
    return ";".join(f"{name}={','.join(map(str, listed))}" for name, listed in value.items())


def _from_environment(field: Field[Any], environ: Mapping[str, str]) -> dict[str, str]:
    """Return what the environment says of one field, if it says anything."""
    variable = variable_of(field.name)
    value = environ.get(variable, "")
    path = environ.get(f"{variable}_FILE", "") if field.metadata["secret"] else ""
    if value and path:
        raise SettingInvalid(variable, f"either it or {variable}_FILE", "both")
    if path:
        value = _from_file(f"{variable}_FILE", Path(path))
    return {field.name: value} if value else {}


def _from_file(variable: str, path: Path) -> str:
    """Return the secret that a file holds, without the line end that editors add."""
    try:
        value = path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "bytes that are not UTF-8"
        raise SettingInvalid(variable, "a file that can be read", f"{path}: {reason}") from None
    if not value:
        raise SettingInvalid(variable, "a file with a value", f"an empty file {path}")
    return value


def _refuse_contradictions(settings: Settings) -> None:
    if settings.smtp_url and not settings.mail_from:
        expected = f"a sender's address, because {PREFIX}SMTP_URL is set"
        raise SettingInvalid(variable_of("mail_from"), expected, "none")
    if settings.broker_client_id:
        settings.partitions_to_take  # noqa: B018 - reading it is what checks the names
