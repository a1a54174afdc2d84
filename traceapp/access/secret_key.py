"""Whether the secret keys of this process are those under which people are sealed here."""

from __future__ import annotations

from sqlalchemy.orm import Session

from config import SettingInvalid, Settings
from traceapp.trace.recipient import key_ids_in_use
from traceapp.vault import Vault, find_vault

_VARIABLE = "TRACEAPP_SECRET_KEY"


def require_every_key(session: Session, settings: Settings) -> None:
    """Raise SettingInvalid where some people are under a key that we were not given."""
    vault, used = find_vault(settings), key_ids_in_use(session)
    missing = [key_id for key_id in used if vault is None or key_id not in vault.key_ids]
    if missing:
        raise _foreign(settings, vault, missing)


def require_some_key(session: Session, settings: Settings) -> None:
    """Raise SettingInvalid where there are people, and none of them is under a key of ours.

    So nobody is sealed under a second key only because the first one was not found.
    """
    vault, used = find_vault(settings), key_ids_in_use(session)
    if used and not (vault is not None and set(used) & set(vault.key_ids)):
        raise _foreign(settings, vault, used)


def require_first_key(settings: Settings) -> None:
    """Raise SettingInvalid where no key was given and none was generated."""
    if settings.secret_key_found is None:
        raise SettingInvalid(_VARIABLE, f"a value, or a file {settings.secret_key_file}", "none")


def _foreign(settings: Settings, vault: Vault | None, key_ids: list[str]) -> SettingInvalid:
    expected = (
        f"the key that sealed the people in this database (key id {', '.join(key_ids)}), "
        "there or in TRACEAPP_OTHER_SECRET_KEYS or as secret_key in TRACEAPP_DATA_FOLDER"
    )
    place = "as given" if settings.secret_key_given else f"of {settings.secret_key_file}"
    if vault is None:
        return SettingInvalid(_VARIABLE, expected, f"none, and no file {settings.secret_key_file}")
    first = f"key id {vault.key_id} {place}" if settings.secret_key_found else ""
    others = vault.other_key_ids if first else vault.key_ids
    rest = f"others {', '.join(others)}" if others else ""
    return SettingInvalid(_VARIABLE, expected, ", ".join(filter(None, (first, rest))))
