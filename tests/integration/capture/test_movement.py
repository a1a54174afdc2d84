"""Movements: stored once, refused where they name nobody, kept where they cannot be true."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from schemas.movement import MovementSchema
from tests.integration.country import NOW
from traceapp.capture.movement import MovementMessage, record_movements
from traceapp.capture.receipt import Receipt
from traceapp.db import Database
from traceapp.models.finding import Finding
from traceapp.models.posting import Posting
from traceapp.models.rejection import Conflict
from traceapp.models.stay import Stay

LOT = {"gtin": "06901234567892", "number": "202105C0147"}
STORY: list[dict[str, Any]] = [
    {"id": "m1", "at": "2021-05-01T00:00:00Z", "step": "commissioning", "doses": 1000}
    | {"to": "MAKER-1", "made_on": "2021-04-20", "expires_on": "2023-04-19", "release": "R1"},
    {"id": "m2", "at": "2021-05-02T00:00:00Z", "step": "shipping", "doses": 600}
    | {"from": "MAKER-1", "to": "CDC"},
    {"id": "m3", "at": "2021-05-03T00:00:00Z", "step": "receiving", "doses": 600}
    | {"from": "MAKER", "to": "CDC-1"},
    {"id": "m4", "at": "2021-05-04T00:00:00Z", "step": "shipping", "doses": 200}
    | {"from": "CDC-1", "to": "CLINIC", "carrier": "TRUCK", "packs": ["81234567890123456789"]},
    {"id": "m5", "at": "2021-05-04T04:00:00Z", "step": "receiving", "doses": 200}
    | {"from": "CDC", "to": "FRIDGE"},
]
REPORTER = {"m1": "MAKER", "m2": "MAKER", "m3": "CDC", "m4": "CDC", "m5": "CLINIC"}


def report(database: Database, document: dict[str, Any], site: str | None = None) -> Receipt:
    movement = MovementSchema().load({"lot": LOT, **document})
    reporter = site or REPORTER.get(document["id"])
    with database.begin() as session:
        return record_movements(session, [MovementMessage(reporter, [movement])], NOW)[0]


def derived(database: Database) -> list[list[tuple[Any, ...]]]:
    """Everything that the ledger derives, without row ids."""
    with database.read() as session:
        return [
            sorted(
                (tuple(getattr(row, name) for name in names) for row in session.scalars(select(t))),
                key=repr,
            )
            for t, names in (
                (Posting, ("at", "doses", "credit", "credit_unit_id", "debit", "debit_unit_id")),
                (Stay, ("unit_id", "from_at", "until_at")),
                (Finding, ("code", "detail")),
            )
        ]


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 4, 0, 3, 1]])
def test_the_order_of_arrival_changes_nothing(database: Database, order: list[int]) -> None:
    for index in order:
        assert report(database, STORY[index]).stored == 1
    postings, stays, findings = derived(database)
    assert (len(postings), len(stays), findings) == (5, 4, [])


def test_the_same_again_is_repeated_and_another_content_is_a_conflict(database: Database) -> None:
    report(database, STORY[0])
    assert report(database, STORY[0]).repeated == 1
    receipt = report(database, STORY[0] | {"doses": 999})
    assert [refusal.reason for refusal in receipt.refusals] == ["conflict"]
    with database.read() as session:
        assert [row.came["doses"] for row in session.scalars(select(Conflict))] == [999]


@pytest.mark.parametrize(
    ("change", "site", "reason"),
    [
        ({"to": "NOWHERE"}, "MAKER", "unknown_unit"),
        ({}, "CLINIC", "not_the_reporter"),
    ],
)
def test_a_report_that_cannot_be_placed_is_refused_with_its_reason(
    database: Database, change: dict[str, Any], site: str, reason: str
) -> None:
    receipt = report(database, STORY[0] | change, site)
    assert [refusal.reason for refusal in receipt.refusals] == [reason]
    assert derived(database) == [[], [], []]


def test_more_out_than_in_is_kept_and_found_until_the_missing_receipt_comes(
    database: Database,
) -> None:
    report(database, STORY[3])
    assert derived(database)[2] == [("more_out_than_in", {"doses": 200, "held": 0})]
    for index in (0, 1, 2):
        report(database, STORY[index])
    assert derived(database)[2] == []
