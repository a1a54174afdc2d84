"""Sealing what is personal: AES-256-GCM with key ids, a keyed index to find it again, masks."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from config import Settings
from schemas.dose import Recipient, spell_document

_NONCE_BYTES = 12
_SALT_BYTES = 16
_MOST_STARS = 56


class KeyUnknown(LookupError):
    """Something is sealed under a key that this process was not given."""


class SealBroken(ValueError):
    """What is sealed is not what its key once sealed: damaged, or moved to another row."""


@dataclass(frozen=True, slots=True)
class Person:
    """Everything that is sealed of one recipient.

    `salts` belong to the person and not to a key: what is hashed with them means the same under
    every key, and nothing once the person is forgotten. The first one is used for what is new.
    """

    recipient: Recipient
    salts: tuple[bytes, ...]

    def __repr__(self) -> str:
        return "Person(…)"


@dataclass(frozen=True, slots=True)
class Sealed:
    """A person as the record keeps one: found by `document_index`, both under the key `key_id`."""

    document_index: bytes
    key_id: str
    sealed: bytes

    @classmethod
    def of(cls, row: Any) -> Sealed:
        """What is sealed in a row of `recipient`, or in one that has its columns."""
        return cls(row.document_index, row.key_id, row.sealed)


@dataclass(frozen=True, slots=True)
class SealedText:
    """Words that may name people, under the key `key_id`."""

    key_id: str
    sealed: bytes


class _Key:
    """What is derived from one secret key, each for its own purpose."""

    def __init__(self, secret_key: str | bytes) -> None:
        secret = secret_key.encode() if isinstance(secret_key, str) else secret_key
        if len(secret) < 32:
            raise ValueError(f"Expected a secret key of at least 32 bytes, got {len(secret)}.")
        self.sealing = AESGCM(_derive(secret, b"traceapp recipient sealing"))
        self.texts = AESGCM(_derive(secret, b"traceapp text sealing"))
        self._index = _derive(secret, b"traceapp recipient index")
        self.id = hashlib.sha256(_derive(secret, b"traceapp key id")).hexdigest()[:16]

    def index(self, spelled: str) -> bytes:
        return hmac.digest(self._index, spelled.encode(), "sha256")


class Vault:
    """Seals and opens recipients with keys derived from the installation's secret keys.

    New is sealed under the first one; what the others sealed is found and opened too.
    """

    def __init__(self, secret_key: str | bytes, others: Iterable[str | bytes] = ()) -> None:
        self._first = _Key(secret_key)
        self._keys = {key.id: key for key in (self._first, *map(_Key, others))}
        self.key_id = self._first.id
        self.other_key_ids = tuple(name for name in self._keys if name != self.key_id)

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The ids of all keys, the first one first."""
        return tuple(self._keys)

    def index(self, document: str) -> bytes:
        """The keyed blind index (32 bytes) under which a document number is kept from now on."""
        return self._first.index(spell_document(document))

    def indexes(self, document: str) -> list[bytes]:
        """The indexes under which a document number may be kept: one for each key."""
        spelled = spell_document(document)
        return [key.index(spelled) for key in self._keys.values()]

    def know(self, recipient: Recipient) -> Person:
        """A recipient of whom nothing was known before."""
        return Person(recipient, (os.urandom(_SALT_BYTES),))

    def seal(self, person: Person) -> Sealed:
        """Everything known of a recipient, encrypted and bound to its index."""
        nonce = os.urandom(_NONCE_BYTES)
        index = self.index(person.recipient.document)
        content = self._first.sealing.encrypt(nonce, msgspec.json.encode(person), index)
        return Sealed(index, self.key_id, nonce + content)

    def open(self, sealed: Sealed) -> Person:
        """What `seal` took in. Raises KeyUnknown or SealBroken."""
        key = self._keys.get(sealed.key_id)
        if key is None:
            raise KeyUnknown(f"Expected one of {len(self._keys)} keys, got {sealed.key_id}.")
        nonce, content = sealed.sealed[:_NONCE_BYTES], sealed.sealed[_NONCE_BYTES:]
        try:
            opened = key.sealing.decrypt(nonce, content, sealed.document_index)
            return msgspec.json.decode(opened, type=Person)
        except (InvalidTag, ValueError, msgspec.DecodeError):
            # Nothing of the first error goes along: it may quote what was sealed.
            raise SealBroken(f"Expected what key {sealed.key_id} sealed.") from None

    def seal_text(self, text: str, about: str) -> SealedText:
        """Words encrypted and bound to the id of what they are about."""
        nonce = os.urandom(_NONCE_BYTES)
        content = self._first.texts.encrypt(nonce, text.encode(), about.encode())
        return SealedText(self.key_id, nonce + content)

    def open_text(self, sealed: SealedText, about: str) -> str:
        """What `seal_text` took in. Raises KeyUnknown or SealBroken."""
        key = self._keys.get(sealed.key_id)
        if key is None:
            raise KeyUnknown(f"Expected one of {len(self._keys)} keys, got {sealed.key_id}.")
        nonce, content = sealed.sealed[:_NONCE_BYTES], sealed.sealed[_NONCE_BYTES:]
        try:
            return key.texts.decrypt(nonce, content, about.encode()).decode()
        except (InvalidTag, ValueError):
            raise SealBroken(f"Expected what key {sealed.key_id} sealed.") from None


def open_vault(settings: Settings) -> Vault:
    """The vault of an installation, with every key that it was told.

    Where there is no key yet one is generated; who only reads asks `find_vault`.
    """
    return Vault(settings.secret_key, settings.other_secret_keys)


def find_vault(settings: Settings) -> Vault | None:
    """The vault with the keys that there are; None where there is none. Nothing is generated."""
    found = settings.secret_key_found
    secrets = [*([found] if found else []), *settings.other_secret_keys]
    return Vault(secrets[0], secrets[1:]) if secrets else None


def _derive(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), 32, None, purpose).derive(secret)


def mark(person: Person, came: Recipient) -> list[str]:
    """What was said of a person as keyed hashes, one for each salt: any of them means the same."""
    said = msgspec.json.encode(came)
    return [hmac.digest(salt, said, "sha256").hex() for salt in person.salts]


def mask_document(document: str) -> str:
    """4514**********1234; of shorter numbers the last two characters, of very short ones none."""
    spelled = spell_document(document)
    if len(spelled) >= 12:
        return f"{spelled[:4]}{_stars(len(spelled) - 8)}{spelled[-4:]}"
    return f"{_stars(len(spelled) - 2)}{spelled[-2:] if len(spelled) >= 6 else ''}"


def mask_name(name: str) -> str:
    """张*: the first character and a star for each that follows."""
    return name[:1] + _stars(len(name) - 1)


def _stars(count: int) -> str:
    """So many stars, within what a column holds of them."""
    return "*" * min(max(count, 1), _MOST_STARS)
