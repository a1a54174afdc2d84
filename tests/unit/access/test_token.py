"""Secrets and how they are told apart."""

from __future__ import annotations

from traceapp.access.csrf import csrf_token
from traceapp.access.token import PREFIXES, digest


def test_what_is_kept_of_a_secret_is_its_sha_256() -> None:
    kept = digest("cct_abc")
    assert len(kept) == 64
    assert kept != digest("cct_abd")


def test_a_secret_with_a_lone_surrogate_has_a_digest_and_no_error() -> None:
    assert digest("cct_\udcff") != digest("cct_")


def test_each_kind_of_secret_begins_in_its_own_way() -> None:
    assert len(set(PREFIXES.values())) == len(PREFIXES)


def test_the_token_of_one_session_is_worth_nothing_in_another() -> None:
    assert csrf_token("k" * 32, "a") != csrf_token("k" * 32, "b")
    assert csrf_token("k" * 32, "a") != csrf_token("l" * 32, "a")
