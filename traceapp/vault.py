"""Sealing what is personal: AES-256-GCM with key ids, a keyed index to find it again, masks."""

from __future__ import annotations

import hashlib
import hmac
import os
from typing import Any

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from schemas.dose import Recipient

_NONCE_BYTES = 12


class Vault:
    """Seals and opens recipients with keys derived from the installation's secret key."""

    def __init__(self, secret_key: str | bytes) -> None:
        secret = secret_key.encode() if isinstance(secret_key, str) else secret_key
        if len(secret) < 32:
            raise ValueError(f"Expected a secret key of at least 32 bytes, got {len(secret)}.")
        self._sealing = AESGCM(_derive(secret, b"traceapp recipient sealing"))
        self._index = _derive(secret, b"traceapp recipient index")
        self.key_id = hashlib.sha256(_derive(secret, b"traceapp key id")).hexdigest()[:16]

    def index(self, document: str) -> bytes:
        """The keyed blind index (32 bytes) under which a document number is found."""
        spelled = "".join(document.split()).upper()
        return hmac.digest(self._index, spelled.encode(), "sha256")

    def seal(self, recipient: Recipient) -> bytes:
        """Everything known of a recipient, encrypted and bound to its index."""
        content = {
            "document": recipient.document,
            "document_type": recipient.document_type,
            "name": recipient.name,
            "born_on": recipient.born_on,
            "sex": recipient.sex,
        }
        nonce = os.urandom(_NONCE_BYTES)
        bound_to = self.index(recipient.document)
        return nonce + self._sealing.encrypt(nonce, msgspec.json.encode(content), bound_to)

    def open(self, sealed: bytes, document_index: bytes) -> dict[str, Any]:
        """What `seal` took in. Raises cryptography's InvalidTag for a wrong key or index."""
        nonce, content = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        opened: dict[str, Any] = msgspec.json.decode(
            self._sealing.decrypt(nonce, content, document_index)
        )
        return opened


def _derive(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), 32, None, purpose).derive(secret)


def mask_document(document: str) -> str:
    """4514**********1234; shorter numbers keep only their last two characters."""
    if len(document) >= 12:
        return document[:4] + "*" * (len(document) - 8) + document[-4:]
    return "*" * max(len(document) - 2, 2) + document[-2:]


def mask_name(name: str) -> str:
    """张*: the first character and a star for each that follows."""
    return name[:1] + "*" * max(len(name) - 1, 1)
