"""Profiles of a place's own: history is judged by what held then, nearest place first."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from tests.integration.capture.test_movement import STORY, report
from tests.integration.capture.test_reading import at, excursions, send
from tests.integration.country import load_registry
from traceapp.capture.registry_error import RegistryError
from traceapp.db import Database

LENIENT = {"code": "hot", "level": "alarm", "side": "above", "limit_celsius": 8, "minutes": 60}


def own(**more: Any) -> dict[str, Any]:
    return {"kind": "profile", "code": "cn-fridge", "rules": [LENIENT], **more}


def hot(database: Database) -> list[tuple[datetime, datetime | None]]:
    return [(row.triggered_at, row.ended_at) for row in excursions(database, "hot")]


def heat(database: Database, start: float, minutes: float) -> None:
    send(database, "S1", (start, 9), (start + minutes, 5))


def test_a_provinces_rules_hold_for_its_units_and_not_for_others(database: Database) -> None:
    load_registry(database, [own(division="330000", valid_from="2021-05-01T00:00:00Z")])
    heat(database, 0, 30)
    assert hot(database) == [(at(15), at(30))]
    load_registry(database, [own(division="450000", valid_from="2021-05-01T00:00:00Z")])
    assert hot(database) == []
    heat(database, 100, 61)
    assert hot(database) == [(at(160), at(161))]


def test_a_sites_own_rules_go_before_its_provinces(database: Database) -> None:
    since = {"valid_from": "2021-05-01T00:00:00Z"}
    strict = [LENIENT | {"minutes": 5}]
    load_registry(
        database, [own(division="450000", **since), own(site="CLINIC", **since) | {"rules": strict}]
    )
    heat(database, 0, 30)
    assert hot(database) == [(at(5), at(30))]


def test_history_is_judged_by_what_held_then(database: Database) -> None:
    heat(database, 0, 30)
    load_registry(database, [own(division="450000", valid_from="2021-05-09T01:00:00Z")])
    heat(database, 100, 30)
    assert hot(database) == [(at(15), at(30))]


def test_a_profile_of_its_own_name_can_be_given_to_a_unit(database: Database) -> None:
    load_registry(
        database,
        [
            {"kind": "profile", "code": "vaults", "rules": [LENIENT], "site": "CLINIC"},
            {"kind": "unit", "code": "FRIDGE", "site": "CLINIC", "name": "1号"}
            | {"type": "refrigerator", "profile": "vaults", "profile_from": "2021-05-01T00:00:00Z"},
        ],
    )
    heat(database, 0, 61)
    assert hot(database) == [(at(60), at(61))]
    assert excursions(database, "warm") == []


def test_a_profile_that_nobody_made_is_refused(database: Database) -> None:
    unit = {"kind": "unit", "code": "FRIDGE", "site": "CLINIC", "name": "1", "type": "refrigerator"}
    with pytest.raises(RegistryError):
        load_registry(database, [unit | {"profile": "vaults"}])


def test_the_journeys_of_a_carrier_count_anew_whenever_the_movement_is_heard(
    database: Database,
) -> None:
    added = LENIENT | {"mode": "cumulative", "minutes": 60}
    truck = {"kind": "unit", "code": "TRUCK", "site": "CDC", "name": "车", "type": "vehicle"}
    since = "2021-05-01T00:00:00Z"
    load_registry(
        database,
        [
            {"kind": "profile", "code": "trip", "rules": [added], "site": "CDC"},
            truck | {"profile": "trip", "profile_from": since},
        ],
    )
    departure = (
        -5 * 24 * 60
    )  # The story's shipment leaves on 4 May, the clock here starts on 9 May.
    send(database, "T1", (departure - 50, 9), (departure + 40, 5))
    assert hot(database) == [(at(departure + 10), None)]
    for document in STORY:
        report(database, document)
    assert hot(database) == []
    send(database, "T1", (departure + 100, 9), (departure + 140, 5))
    assert [found for found, _ in hot(database)] == [at(departure + 120)]
