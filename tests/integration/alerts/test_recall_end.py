"""E-mails of a recall's later days: to contacts who came while it lasted, and when it is over."""

from __future__ import annotations

from flask.testing import FlaskClient
from sqlalchemy import select

from tests.integration.alerts.conftest import Turn
from tests.integration.alerts.test_recall import acknowledge, recall, recipients, ship_to_next
from tests.integration.api.scene import DOCUMENT, GTIN, NUMBER
from tests.integration.country import load_registry
from tests.integration.door import Door
from traceapp.models.outbox import RECALL, Outbox

_LOT = f"/api/v1/lots/{GTIN}/{NUMBER}"
_COUNTY, _PROVINCE = "both@cdc.example", "duty@cdc.example"
_OF_COUNTY = select(Outbox).where(Outbox.email == _COUNTY, Outbox.kind == RECALL)


def test_whoever_was_told_of_a_recall_hears_once_that_it_is_over(
    door: Door, admin: FlaskClient, turn: Turn
) -> None:
    number = recall(admin)
    assert recipients(turn()) == [_COUNTY, _PROVINCE]
    ship_to_next(admin, -0.2)  # Those of NEXT were not told yet when it ends.
    admin.post(f"{_LOT}/release", json={"reason": "unfounded", "hold": number})
    over = turn()
    assert recipients(over) == [_COUNTY, _PROVINCE]
    for mail in over:
        assert mail.message["Subject"].startswith("【召回结束】")
        assert mail.message["Message-ID"].startswith(f"<recall-over-{number}-")
        for said in (
            "unfounded",
            "sterility in doubt",
            "召回已结束",
            "A recall that is over",
            NUMBER,
        ):
            assert said in mail.text
        assert "接种点（CLINIC）" in mail.text
        assert DOCUMENT not in mail.text
    door.clock.forward(days=3)
    assert turn() == []


def test_an_e_mail_that_leaves_while_its_recall_ends_is_followed_by_one_that_says_so(
    door: Door, admin: FlaskClient, turn: Turn
) -> None:
    number = recall(admin)
    with door.database.begin() as session:
        [county] = session.scalars(_OF_COUNTY)
        county.claimed_until = door.clock()
    admin.post(f"{_LOT}/release", json={"reason": "unfounded", "hold": number})
    with door.database.begin() as session:
        [county] = session.scalars(_OF_COUNTY)
        assert county.given_up_at is None
        county.sent_at = door.clock()
    assert recipients(turn()) == [_COUNTY]


def test_a_contact_that_is_registered_while_a_recall_lasts_is_told_once(
    door: Door, admin: FlaskClient, turn: Turn
) -> None:
    number = recall(admin)
    assert len(turn()) == 2
    acknowledge(admin, number)
    new = {"kind": "contact", "email": "new@cdc.example", "level": "alarm"}
    load_registry(door.database, [{**new, "division": "451481", "language": "en"}])
    [mail] = turn()
    assert recipients([mail]) == ["new@cdc.example"]
    assert mail.message["Subject"].startswith("[Recall]")
    assert "CLINIC" in mail.text
    load_registry(door.database, [{**new, "division": "450000", "language": "en"}])
    assert turn() == []
    elsewhere = {**new, "email": "far@cdc.example", "division": "451482"}
    load_registry(door.database, [elsewhere])
    door.clock.forward(days=1)
    assert turn() == []
    admin.post(f"{_LOT}/release", json={"reason": "unfounded", "hold": number})
    assert recipients(turn()) == [_COUNTY, _PROVINCE, "new@cdc.example"]


def test_a_contact_registered_after_a_recall_was_over_hears_nothing(
    door: Door, admin: FlaskClient, turn: Turn
) -> None:
    number = recall(admin)
    assert len(turn()) == 2
    admin.post(f"{_LOT}/release", json={"reason": "unfounded", "hold": number})
    assert len(turn()) == 2
    new = {"kind": "contact", "email": "new@cdc.example", "division": "451481", "level": "alarm"}
    load_registry(door.database, [new])
    assert turn() == []
