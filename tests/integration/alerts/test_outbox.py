"""Nobody sends an e-mail that another has in hand, and none is ever forgotten."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from tests.integration.alerts.conftest import NOW, owe, rows
from traceapp.alerts.outbox import (
    LEASE,
    Claim,
    claim,
    count_waiting,
    delay_after,
    give_up,
    is_due,
    mark_sent,
    put_back,
    renew,
)
from traceapp.db import Database

LATER = NOW + LEASE


def claim_all(database: Database, now: datetime = NOW) -> list[Claim]:
    claims: list[Claim] = []
    while True:
        with database.begin() as session:
            claimed = claim(session, now)
        if not claimed:
            return claims
        claims += claimed


def test_each_e_mail_is_claimed_once_while_the_lease_holds(database: Database) -> None:
    claims = claim_all(database)
    assert len(claims) == len({claimed.id for claimed in claims}) == len(rows(database)) > 1
    assert claim_all(database, LATER - timedelta(seconds=1)) == []


def test_two_senders_at_once_never_have_the_same_e_mail(database: Database) -> None:
    wanted = len(rows(database))
    taken: list[Claim] = []
    begin = threading.Barrier(4)

    def work() -> None:
        begin.wait()
        taken.extend(claim_all(database))

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(claimed.id for claimed in taken) == sorted({claimed.id for claimed in taken})
    assert len(taken) == wanted


def test_what_a_dead_sender_had_in_hand_is_claimed_again_after_its_lease(
    database: Database,
) -> None:
    before = claim_all(database)
    again = claim_all(database, LATER)
    assert [claimed.id for claimed in again] == [claimed.id for claimed in before]
    assert {claimed.attempts for claimed in again} == {2}


def test_what_was_sent_is_never_claimed_again(database: Database) -> None:
    claims = claim_all(database)
    with database.begin() as session:
        mark_sent(session, claims, NOW)
    assert claim_all(database, LATER) == []
    with database.read() as session:
        assert count_waiting(session) == 0
        assert not is_due(session, LATER)


def test_what_failed_waits_and_is_then_due_again(database: Database) -> None:
    [first, *_] = claim_all(database)
    with database.begin() as session:
        put_back(session, first, "451 later", NOW)
    assert claim_all(database, NOW + timedelta(seconds=14)) == []
    [again] = claim_all(database, NOW + timedelta(seconds=15))
    assert (again.id, again.attempts) == (first.id, 2)


def test_what_was_given_up_stays_and_says_why(database: Database) -> None:
    [first, *_] = claim_all(database)
    with database.begin() as session:
        give_up(session, first, "550 no such user", NOW)
    [row] = [row for row in rows(database) if row.id == first.id]
    assert (row.given_up_at, row.last_error) == (NOW, "550 no such user")
    assert first.id not in {claimed.id for claimed in claim_all(database, LATER)}


def test_a_sender_whose_lease_is_over_cannot_put_back_what_another_has_in_hand(
    database: Database,
) -> None:
    [old, *_] = claim_all(database)
    [new, *_] = claim_all(database, LATER)
    with database.begin() as session:
        put_back(session, old, "too slow", LATER)
        give_up(session, old, "too slow", LATER)
    [row] = [row for row in rows(database) if row.id == new.id]
    assert (row.claimed_until, row.given_up_at) == (new.until, None)
    with database.begin() as session:
        mark_sent(session, [old], LATER)
    assert new.id not in {c.id for c in claim_all(database, LATER + LEASE)}


def test_the_waits_double_up_to_ten_minutes() -> None:
    waits = [delay_after(attempts).total_seconds() for attempts in range(1, 9)]
    assert waits == [15, 30, 60, 120, 240, 480, 600, 600]
    assert delay_after(10_000).total_seconds() == 600


def test_several_are_claimed_at_once_and_never_more_than_asked_for(database: Database) -> None:
    owe(database, [f"{number}@example.org" for number in range(5)])
    wanted = [row.id for row in rows(database)]
    taken: list[int] = []
    while len(taken) < len(wanted):
        with database.begin() as session:
            claims = claim(session, NOW, 3)
        assert len(claims) == min(3, len(wanted) - len(taken))
        taken += [claimed.id for claimed in claims]
    assert taken == wanted


def test_what_was_never_tried_comes_before_what_failed(database: Database) -> None:
    for claimed in claim_all(database):
        with database.begin() as session:
            put_back(session, claimed, "451 later", NOW)
    later = NOW + timedelta(minutes=1)
    owe(database, ["new@example.org"], later)
    with database.begin() as session:
        [first, second] = claim(session, later, 2)
    assert (first.email, first.attempts) == ("new@example.org", 1)
    assert second.attempts == 2


def test_of_what_failed_no_more_are_claimed_than_may_be_tried_again(database: Database) -> None:
    for claimed in claim_all(database):
        with database.begin() as session:
            put_back(session, claimed, "451 later", NOW)
    later = NOW + timedelta(minutes=1)
    with database.begin() as session:
        assert claim(session, later, 3, 0) == []
        assert len(claim(session, later, 3, 1)) == 1


def test_a_lease_that_was_renewed_keeps_the_e_mail_in_hand(database: Database) -> None:
    [first, *others] = claim_all(database)
    before_its_end = LATER - timedelta(seconds=1)
    with database.begin() as session:
        renewed = renew(session, first, before_its_end)
    assert renewed.until == before_its_end + LEASE
    again = claim_all(database, LATER)
    assert {claimed.id for claimed in again} == {claimed.id for claimed in others}
    with database.begin() as session:
        give_up(session, renewed, "550 no such user", LATER)
    [row] = [row for row in rows(database) if row.id == first.id]
    assert row.given_up_at == LATER


def test_what_another_took_over_cannot_be_renewed(database: Database) -> None:
    [old, *_] = claim_all(database)
    [new, *_] = claim_all(database, LATER)
    with database.begin() as session:
        renew(session, old, LATER + timedelta(seconds=1))
    [row] = [row for row in rows(database) if row.id == new.id]
    assert row.claimed_until == new.until
