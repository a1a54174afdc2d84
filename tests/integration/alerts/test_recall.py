"""E-mails about recalls: who is told, who is reminded, and when that ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select

from tests.integration.alerts.conftest import HEAD, Turn
from tests.integration.api.scene import DOCUMENT, GTIN, NUMBER, moment, movement
from tests.integration.door import Door
from tests.servers.mailbox import Mail, Mailbox
from traceapp.alerts.recall import owe_recalls
from traceapp.alerts.sender import OWE_EVERY, Sender
from traceapp.capture.recall_alert import Rhythm
from traceapp.models.outbox import RECALL, REMINDER, Outbox

_LOT = f"/api/v1/lots/{GTIN}/{NUMBER}"
_DAY_S = 24 * 3600
_COUNTY, _PROVINCE, _OTHER = "both@cdc.example", "duty@cdc.example", "next@cdc.example"


def recall(client: FlaskClient, **more: Any) -> int:
    body = {"reason": "sterility in doubt", "class": 1, **more}
    answer = client.post(f"{_LOT}/recall", json=body)
    assert answer.status_code == 201, answer.text
    return int(answer.get_json()["id"])


def acknowledge(client: FlaskClient, number: int, site: str = "CLINIC") -> None:
    answer = client.post(f"/api/v1/recalls/{number}/acknowledge", json={"site": site})
    assert answer.status_code == 201, answer.text


def ship_to_next(client: FlaskClient, hours: float) -> None:
    moved = movement("m9", hours, "shipping", **{"from": "FRIDGE", "to": "NEXT"}) | {"doses": 9}
    assert client.post("/api/v1/movements", json=[moved]).status_code == 201


def recipients(mails: Iterable[Mail]) -> list[str]:
    return sorted(mail.recipients[0] for mail in mails)


def owed(door: Door, kind: str) -> int:
    with door.database.read() as session:
        return len(session.scalars(select(Outbox.id).where(Outbox.kind == kind)).all())


def test_the_contacts_of_a_holder_and_of_the_divisions_above_are_told(
    admin: FlaskClient, turn: Turn
) -> None:
    number = recall(admin)
    told = turn()
    assert recipients(told) == [_COUNTY, _PROVINCE]
    for mail in told:
        html = str(mail.message.get_body(("html",)))
        assert mail.message["Message-ID"].startswith(f"<recall-{number}-0-")
        for said in (
            "接种点（CLINIC）：现存 99 剂",
            "一级",
            "Class: 1",
            "sterility in doubt",
            NUMBER,
        ):
            assert said in mail.text
        assert html
        assert DOCUMENT not in mail.text
        assert "张" not in mail.text
    assert turn() == []


def test_the_page_of_an_e_mail_says_what_its_plain_text_says(
    admin: FlaskClient, turn: Turn
) -> None:
    number = recall(admin)
    part = turn()[0].message.get_body(("html",))
    assert part is not None
    for said in ("接种点（CLINIC）", "接种点 (CLINIC)", "sterility in doubt", f"/recalls/{number}"):
        assert said in part.get_content()


def test_a_recall_of_one_county_is_told_in_that_county_and_above(
    door: Door, admin: FlaskClient, turn: Turn
) -> None:
    ship_to_next(admin, -0.2)
    recall(door.client(door.token("officer", "451482")))
    [county, province] = turn()
    assert recipients([county, province]) == [_PROVINCE, _OTHER]
    assert "CLINIC" not in county.text + province.text


def test_whoever_is_silent_is_reminded_after_a_day_and_then_daily(
    door: Door, admin: FlaskClient, turn: Turn
) -> None:
    number = recall(admin)
    assert len(turn()) == 2
    door.clock.forward(seconds=_DAY_S - 1)
    assert turn() == []
    door.clock.forward(seconds=1)
    first = turn()
    assert recipients(first) == [_COUNTY, _PROVINCE]
    assert {mail.message["Subject"][:6] for mail in first} == {"【召回催办】"}
    assert turn() == []
    door.clock.forward(seconds=_DAY_S - 1)
    assert turn() == []
    door.clock.forward(seconds=1)
    second = turn()
    assert recipients(second) == [_COUNTY, _PROVINCE]
    ids = Counter(mail.message["Message-ID"] for mail in [*first, *second])
    assert set(ids.values()) == {1}
    assert any(name.startswith(f"<recall-reminder-{number}-1-") for name in ids)
    [row] = admin.get(f"/api/v1/recalls/{number}").get_json()["sites"]
    assert (row["notified_at"][:10], row["reminders"]) == ("2021-05-09", 4)


def test_a_sender_that_goes_on_looks_once_a_minute(door: Door, admin: FlaskClient) -> None:
    asked: list[Any] = []
    sender = Sender(door.database, None, HEAD, door.clock, lambda _, now: asked.append(now))
    for _ in range(2):
        sender.turn()
    door.clock.forward(seconds=OWE_EVERY.total_seconds() - 1)
    sender.turn()
    assert len(asked) == 1
    door.clock.forward(seconds=1)
    sender.turn()
    assert len(asked) == 2
    sender.close()


def test_an_acknowledgement_ends_the_reminders_and_takes_back_what_waits(
    door: Door, admin: FlaskClient, turn: Turn, mailbox: Mailbox
) -> None:
    number = recall(admin)
    turn()
    door.clock.forward(days=1)
    mailbox.refuse("451 4.3.0 Try again later")
    assert turn() == []
    assert owed(door, REMINDER) == 2
    mailbox.refuse(None)
    acknowledge(admin, number)
    door.clock.forward(days=30)
    assert turn() == []
    assert turn() == []
    assert owed(door, REMINDER) == 2


def test_a_reminder_names_only_the_sites_that_are_silent(
    door: Door, admin: FlaskClient, turn: Turn
) -> None:
    ship_to_next(admin, -0.2)
    number = recall(admin)
    assert recipients(turn()) == [_COUNTY, _PROVINCE, _OTHER]
    acknowledge(admin, number)
    door.clock.forward(days=1)
    reminders = turn()
    assert recipients(reminders) == [_PROVINCE, _OTHER]
    assert all("NEXT" in mail.text and "CLINIC" not in mail.text for mail in reminders)


def test_a_recall_that_is_over_is_not_mailed_about(
    door: Door, admin: FlaskClient, turn: Turn
) -> None:
    number = recall(admin)
    admin.post(f"{_LOT}/release", json={"reason": "unfounded", "hold": number})
    door.clock.forward(days=2)
    assert turn() == []
    with door.database.read() as session:
        rows = session.scalars(select(Outbox).where(Outbox.kind == RECALL)).all()
    assert {row.last_error for row in rows} == {"withdrawn"}


def test_a_site_that_comes_to_hold_the_lot_later_is_told_too(
    door: Door, admin: FlaskClient, turn: Turn
) -> None:
    number = recall(admin, at=moment(-0.5))
    assert recipients(turn()) == [_COUNTY, _PROVINCE]
    ship_to_next(admin, -0.2)
    late = turn()
    assert recipients(late) == [_PROVINCE, _OTHER]
    assert all("NEXT" in mail.text and "CLINIC" not in mail.text for mail in late)
    assert {m.message["Message-ID"].split("-")[2] for m in late} == {"0", "1"}
    rows = admin.get(f"/api/v1/recalls/{number}").get_json()["sites"]
    assert {row["site"]: row["notified_at"] is not None for row in rows} == {
        "CLINIC": True,
        "NEXT": True,
    }


def test_no_reminder_follows_an_e_mail_that_has_not_left(
    door: Door, admin: FlaskClient, turn: Turn, mailbox: Mailbox
) -> None:
    recall(admin)
    mailbox.refuse("550 5.1.1 No such user")
    turn()
    door.clock.forward(days=3)
    turn()
    assert owed(door, REMINDER) == 0


def test_senders_that_look_at_once_owe_each_e_mail_once(
    door: Door, admin: FlaskClient, turn: Turn
) -> None:
    recall(admin)
    turn()
    ship_to_next(admin, -0.1)
    door.clock.forward(days=1)
    with ThreadPoolExecutor(4) as senders:
        counts = [
            senders.submit(owe_recalls, Rhythm(), door.database, door.clock()) for _ in range(4)
        ]
        assert sum(count.result() for count in counts) == owed(door, RECALL) - 2 + owed(
            door, REMINDER
        )
    assert (owed(door, RECALL), owed(door, REMINDER)) == (4, 2)
