"""Sealing people: what only the keys open, what every key finds, what a mask shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.dose import Recipient, spell_document
from traceapp.vault import (
    KeyUnknown,
    Person,
    SealBroken,
    Vault,
    mark,
    mask_document,
    mask_name,
)

OLD, NEW = "the key of last year, long enough.", "the key of this year, long enough."
ZHANG = Recipient("999999199001015458", "resident_id", "张三", date(1990, 1, 1), "male")


def test_what_an_earlier_key_sealed_is_found_and_opened_and_new_is_sealed_under_the_first() -> None:
    before, after = Vault(OLD), Vault(NEW, [OLD])
    person = before.know(ZHANG)
    sealed = before.seal(person)
    assert sealed.document_index in after.indexes(ZHANG.document)
    assert after.open(sealed) == person
    again = after.seal(person)
    assert again.key_id == after.key_id == Vault(NEW).key_id != before.key_id
    assert Vault(NEW).open(again) == person


def test_without_its_key_nothing_is_opened() -> None:
    sealed = Vault(OLD).seal(Vault(OLD).know(ZHANG))
    with pytest.raises(KeyUnknown) as refused:
        Vault(NEW).open(sealed)
    assert ZHANG.document not in str(refused.value)
    assert OLD not in str(refused.value)


def test_a_seal_that_was_moved_or_damaged_is_told_from_a_key_that_is_missing() -> None:
    vault = Vault(OLD)
    sealed = vault.seal(vault.know(ZHANG))
    moved = replace(sealed, document_index=vault.index("another"))
    damaged = replace(sealed, sealed=sealed.sealed[:-1] + bytes([sealed.sealed[-1] ^ 1]))
    lied = replace(sealed, key_id=Vault(NEW).key_id)
    for wrong in (moved, damaged, replace(sealed, sealed=b"")):
        with pytest.raises(SealBroken):
            vault.open(wrong)
    with pytest.raises(SealBroken):
        Vault(NEW, [OLD]).open(lied)


def test_the_same_key_twice_is_one_key() -> None:
    vault = Vault(OLD, [OLD, NEW, NEW])
    assert vault.other_key_ids == (Vault(NEW).key_id,)
    assert len(vault.indexes("1")) == 2


def test_the_same_person_is_never_sealed_the_same_and_always_found_the_same() -> None:
    vault = Vault(OLD)
    one, other = vault.seal(vault.know(ZHANG)), vault.seal(vault.know(ZHANG))
    assert one.sealed != other.sealed
    assert one.document_index == other.document_index


def test_what_was_said_of_a_person_is_marked_alike_under_every_key() -> None:
    person = Vault(OLD).know(ZHANG)
    moved = Vault(NEW, [OLD]).open(Vault(OLD).seal(person))
    assert mark(moved, ZHANG) == mark(person, ZHANG)
    assert mark(person, replace(ZHANG, name="李四")) != mark(person, ZHANG)
    assert mark(Vault(OLD).know(ZHANG), ZHANG) != mark(person, ZHANG)


@pytest.mark.parametrize(
    "spelled",
    ["99999919900101123x", "９９９９９９１９９００１０１１２３Ｘ", " 999999 19900101 123X\t"],
)
def test_case_width_and_spaces_do_not_make_another_person(spelled: str) -> None:
    assert Vault(OLD).index(spelled) == Vault(OLD).index("99999919900101123X")


@given(st.text(min_size=1, max_size=128))
def test_a_mask_shows_little_and_fits_its_column(text: str) -> None:
    spelled = spell_document(text)
    masked = mask_document(text)
    assert len(masked) <= 64
    assert "*" in masked
    assert len(masked.replace("*", "")) <= max(len(spelled) // 3, 0) + 4
    assert len(mask_name(text)) <= 64


def test_masks_are_those_of_the_contract() -> None:
    assert mask_document("451481199001011234") == "4514**********1234"
    assert mask_document("E12345678") == "*******78"
    assert mask_document("AB1") == "*"
    assert mask_name("张三丰") == "张**"
    assert mask_name("张") == "张*"


def test_nothing_personal_is_in_a_repr() -> None:
    person = Person(ZHANG, (b"salt",))
    for shown in (repr(person), repr(ZHANG), str([person]), repr({"who": ZHANG})):
        assert "999999" not in shown
        assert "张" not in shown
