"""The list of findings: made from the record as it stands, in scope, gone with the missing fact."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.integration.api.scene import GTIN, MOVEMENTS, NUMBER, dose, moment, movement
from tests.integration.country import REGISTRY, load_registry
from tests.integration.door import Door
from traceapp.models.dose import Dose
from traceapp.models.movement import Movement

OTHER = {"gtin": GTIN, "number": "L2"}
PACK = "81234567890123456789"


@pytest.fixture
def empty(door: Door) -> FlaskClient:
    """The administrator of a country in which nothing happened yet."""
    load_registry(door.database, REGISTRY)
    return door.client(door.token("admin"))


def post(client: FlaskClient, *facts: dict[str, Any]) -> None:
    for fact in facts:
        path = "doses" if "recipient" in fact else "movements"
        answer = client.post(f"/api/v1/{path}", json=fact)
        assert answer.status_code == 201, answer.text


def found(client: FlaskClient, **query: Any) -> dict[str, int]:
    """Return how often each kind was found."""
    answer = client.get("/api/v1/findings", query_string=query)
    assert answer.status_code == 200, answer.text
    counts: dict[str, int] = {}
    for item in answer.get_json()["items"]:
        counts[item["code"]] = counts.get(item["code"], 0) + item["count"]
    return counts


def test_what_was_used_before_it_was_received_is_told_from_what_never_came(
    empty: FlaskClient,
) -> None:
    post(empty, *MOVEMENTS[:1], dose("d1", -45))
    assert found(empty)["not_at_site"] == 1
    post(empty, *MOVEMENTS[1:])
    counts = found(empty)
    assert counts["used_before_received"] == 1
    assert "not_at_site" not in counts
    early = movement("m6", -38.5, "receiving", **{"from": "CDC", "to": "FRIDGE"}, doses=1)
    post(empty, dose("d2", -38), *[dose(f"e{n}", -1) for n in range(2)], early)
    assert found(empty)["used_before_received"] == 1


def test_more_doses_than_a_site_held_are_counted(empty: FlaskClient) -> None:
    few = [{**one, "doses": 2} for one in MOVEMENTS]
    post(empty, *few, *[dose(f"d{n}", -1) for n in range(5)])
    assert found(empty)["more_used_than_held"] == 3
    late = movement("m9", -20, "receiving", **{"from": "CDC", "to": "FRIDGE"}, doses=3)
    sent = movement("m8", -21, "shipping", **{"from": "CDC-1", "to": "CLINIC"}, doses=3)
    post(empty, sent, late)
    assert "more_used_than_held" not in found(empty)


def test_a_code_used_too_often_goes_with_the_correction_of_a_mistyped_one(
    empty: FlaskClient,
) -> None:
    post(empty, *MOVEMENTS, dose("d1", -2, pack=PACK), dose("d2", -1, pack=PACK))
    [item] = empty.get("/api/v1/findings?code=pack_used_up").get_json()["items"]
    assert (item["count"], item["site"], item["lot"]["number"]) == (1, "CLINIC", NUMBER)
    assert [one["dose"] for one in item["examples"]] == ["d2"]
    right = dose("d3", -1, pack=PACK[:-1] + "8", corrects="d2", corrected_at=moment(0))
    post(empty, right)
    assert found(empty, code="pack_used_up") == {}


def test_how_many_doses_a_pack_has_may_be_told_later(empty: FlaskClient) -> None:
    post(empty, *MOVEMENTS, dose("d1", -2, pack=PACK), dose("d2", -1, pack=PACK))
    product = {"name": "疫苗", "manufacturer": "厂", "doses_per_pack": 2}
    assert empty.put(f"/api/v1/products/{GTIN}", json=product).status_code in (200, 201)
    assert found(empty, code="pack_used_up") == {}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_a_code_at_two_sites_is_found_in_whatever_order(
    empty: FlaskClient, order: tuple[int, ...]
) -> None:
    facts = [
        {**MOVEMENTS[2], "packs": [PACK]},
        movement("x1", -30, "receiving", **{"from": "MAKER", "to": "FRIDGE"}, packs=[PACK]),
        dose("d1", -1, pack=PACK),
    ]
    post(empty, *[facts[index] for index in order])
    assert found(empty, code="pack_in_two_places") == {"pack_in_two_places": 1}
    post(empty, MOVEMENTS[3])  # It named no packs: this one may have gone with it.
    sent = movement("x0", -35, "shipping", **{"from": "CDC-1", "to": "CLINIC"}, packs=["p-2"])
    post(empty, sent)
    assert found(empty, code="pack_in_two_places") == {}


def test_a_pack_that_is_elsewhere_stops_the_injection(empty: FlaskClient) -> None:
    post(empty, *MOVEMENTS, dose("d1", -2, pack=PACK, site="CDC", unit="CDC-1"))
    query = {"gtin": GTIN, "lot": NUMBER, "site": "CLINIC", "pack": PACK}
    check = empty.get("/api/v1/doses/check", query_string=query).get_json()
    assert "pack_in_two_places" in [one["code"] for one in check["findings"]]
    assert check["verdict"] == "stop"


def test_a_dose_without_a_lot_finds_it_when_its_pack_is_named(empty: FlaskClient) -> None:
    nameless = {key: value for key, value in dose("d1", pack=PACK).items() if key != "lot"}
    post(empty, nameless)
    assert found(empty) == {"dose_without_lot": 1}
    post(empty, {**MOVEMENTS[0], "packs": [PACK]})
    assert "dose_without_lot" not in found(empty)


def test_doses_after_expiry_end_with_the_day_in_china(empty: FlaskClient) -> None:
    made = {**MOVEMENTS[0], "expires_on": "2021-05-08"}
    post(empty, made, dose("d1", -12.1), dose("d2", -12), dose("d3", -1))
    assert found(empty)["dose_after_expiry"] == 2
    later = {"corrects": "m1", "corrected_at": moment(0), "expires_on": "2021-05-09"}
    post(empty, {**made, "id": "m9", **later})
    assert "dose_after_expiry" not in found(empty)


def test_a_journey_without_a_record_is_found_until_its_readings_come(empty: FlaskClient) -> None:
    post(empty, *MOVEMENTS)
    items = empty.get("/api/v1/findings?code=no_journey_record").get_json()["items"]
    named = {item["site"]: [one["movement"] for one in item["examples"]] for item in items}
    assert named == {"CDC": ["m2"], "CLINIC": ["m4"]}
    reading = {"sensor": "T1", "readings": [{"at": moment(-39.5), "celsius": 4.5}]}
    assert empty.post("/api/v1/readings", json=reading).status_code == 201
    [item] = empty.get("/api/v1/findings?code=no_journey_record").get_json()["items"]
    assert item["site"] == "CDC"


def test_a_destruction_that_came_without_two_witnesses_is_found(
    door: Door, empty: FlaskClient
) -> None:
    two = {"reason": "expired", "witnesses": ["Wei", "Nong"], "from": "MAKER-1", "doses": 1}
    post(empty, MOVEMENTS[0], movement("x1", -1, "destroying", **two))
    assert found(empty, code="destroyed_unwitnessed") == {}
    for witnesses in (None, ["Wei"], ["Wei", "Wei"]):
        with door.database.begin() as session:
            row = session.scalars(select(Movement).where(Movement.code == "x1")).one()
            row.witnesses = witnesses
        assert found(empty, code="destroyed_unwitnessed") == {"destroyed_unwitnessed": 1}


def test_a_lot_that_nobody_made_is_found_until_somebody_says_so(empty: FlaskClient) -> None:
    post(empty, *MOVEMENTS[1:])
    assert found(empty)["lot_unknown"] == 1
    post(empty, MOVEMENTS[0])
    assert "lot_unknown" not in found(empty)


def test_a_correction_of_what_nobody_reported_waits(empty: FlaskClient) -> None:
    post(empty, {**MOVEMENTS[0], "id": "c1", "corrects": "m1", "corrected_at": moment(0)})
    assert found(empty)["correction_waits"] == 1
    post(empty, MOVEMENTS[0])
    assert found(empty) == {}


def test_the_list_is_paged_narrowed_and_never_shows_beyond_the_scope(
    door: Door, empty: FlaskClient
) -> None:
    wild = [
        {**dose(f"d{n}", -n), "lot": OTHER if n % 2 else {"gtin": GTIN, "number": NUMBER}}
        for n in range(1, 5)
    ]
    post(empty, *wild, dose("d9", -3, site="MAKER", unit="MAKER-1"))
    whole = empty.get("/api/v1/findings").get_json()["items"]
    paged: list[Any] = []
    page: dict[str, Any] = {"items": [], "next": ""}
    while page["next"] is not None:
        query = {"limit": 1, **({"cursor": page["next"]} if page["next"] else {})}
        page = empty.get("/api/v1/findings", query_string=query).get_json()
        paged += page["items"]
    assert paged == whole
    assert found(empty, lot="L2", gtin=GTIN) == {"lot_unknown": 1, "not_at_site": 2}
    assert found(empty, site="MAKER") == {"lot_unknown": 1, "not_at_site": 1}
    begin, end = moment(-3.5), moment(-1.5)
    assert found(empty, code="not_at_site", **{"from": begin, "to": end}) == {"not_at_site": 3}
    county = door.client(door.token("viewer", "451481"))
    assert found(county, code="not_at_site") == {"not_at_site": 4}
    assert found(county, division="110000") == {}
    clinic = door.client(door.token("viewer", "451481", "CLINIC"))
    assert found(clinic, site="MAKER") == {}
    assert {one["site"] for one in clinic.get("/api/v1/findings").get_json()["items"]} <= {
        "CLINIC",
        None,
    }


def test_the_receiver_of_a_short_shipment_sees_it_too(door: Door, empty: FlaskClient) -> None:
    post(empty, *MOVEMENTS[:4], {**MOVEMENTS[4], "doses": 90})
    clinic = door.client(door.token("viewer", "451481", "CLINIC"))
    assert found(clinic, code="received_less") == {"received_less": 1}
    maker = door.client(door.token("viewer", "110000"))
    assert found(maker, code="received_less") == {}


def test_the_table_has_a_row_for_every_entry(empty: FlaskClient) -> None:
    post(empty, dose("d1", pack=PACK))
    lines = empty.get("/api/v1/findings?format=csv").text.splitlines()
    assert lines[0].lstrip("\ufeff").startswith("code,text,gtin,lot,site,count")
    assert len(lines) == 1 + len(empty.get("/api/v1/findings").get_json()["items"])


def test_the_pages_say_what_does_not_add_up(door: Door, empty: FlaskClient) -> None:
    post(empty, dose("d1"))
    browser = door.browser()
    for path in ("/findings", f"/findings?lot={NUMBER}", f"/lots/{GTIN}/{NUMBER}", "/sites/CLINIC"):
        answer = browser.get(path)
        assert answer.status_code == 200, path
        assert "not_at_site" in answer.text
    assert browser.get("/findings?cursor=rubbish").status_code in (400, 422)


def test_a_corrected_dose_keeps_its_history_and_counts_once(door: Door, empty: FlaskClient) -> None:
    post(empty, *MOVEMENTS, dose("d1"))
    said = {"corrects": "d1", "corrected_at": moment(0), "reason": "typed for 张三丰"}
    post(empty, {**dose("d2", lot=OTHER), **said})
    traces = [empty.get(f"/api/v1/doses/{code}/trace").get_json() for code in ("d1", "d2")]
    assert [trace["dose"]["in_force"] for trace in traces] == [False, True]
    assert [one["id"] for one in traces[0]["dose"]["history"]] == ["d1", "d2"]
    assert traces[0]["dose"]["history"] == traces[1]["dose"]["history"]
    assert "corrected" in [one["code"] for one in traces[0]["findings"]]
    assert "张三丰" not in str(traces)
    first = empty.get(f"/api/v1/lots/{GTIN}/{NUMBER}/trace").get_json()
    assert (first["doses_administered"], first["balance"]["on_hand"]) == (0, 100)
    listed = empty.get(f"/api/v1/lots/{GTIN}/{NUMBER}/doses").get_json()["items"]
    assert listed == []
    gone = {**dose("d3"), "corrects": "d2", "corrected_at": moment(0.5), "void": True}
    post(empty, {**gone, "reason": "given to nobody"})
    other = empty.get(f"/api/v1/lots/{GTIN}/L2/trace").get_json()
    assert other["doses_administered"] == 0
    with door.database.read() as session:
        assert len(session.scalars(select(Dose)).all()) == 3


def test_a_vaccinator_corrects_the_own_sites_doses_alone(door: Door, empty: FlaskClient) -> None:
    post(empty, dose("d1", site="CDC", unit="CDC-1"), dose("d2"))
    vaccinator = door.client(door.token("vaccinator", "451481", "CLINIC"))
    at: dict[str, Any] = {"corrected_at": moment(0)}
    answer = vaccinator.post("/api/v1/doses", json=dose("d3", corrects="d1", **at))
    assert answer.status_code == 422
    assert list(answer.get_json()["errors"]) == ["corrects"]
    again = vaccinator.post("/api/v1/doses", json=dose("d4", corrects="d2", **at))
    assert again.status_code == 201
    officer = door.client(door.token("officer", "451481"))
    moved = officer.post("/api/v1/doses", json=dose("d5", corrects="d1", **at))
    assert moved.status_code == 201


def test_a_movement_is_shown_with_its_history_to_those_it_concerns(
    door: Door, empty: FlaskClient
) -> None:
    post(empty, *MOVEMENTS)
    wrong = {**MOVEMENTS[4], "id": "m9", "corrects": "m5", "corrected_at": moment(0)}
    post(empty, {**wrong, "doses": 99, "reason": "one was broken"})
    shown = empty.get("/api/v1/movements/m5").get_json()
    assert (shown["in_force"], shown["from"], shown["to"]) == (False, "CDC", "FRIDGE")
    assert [(one["id"], one["in_force"]) for one in shown["history"]] == [
        ("m5", False),
        ("m9", True),
    ]
    assert [one["code"] for one in shown["findings"]] == ["corrected"]
    maker = door.client(door.token("viewer", "110000"))
    assert maker.get("/api/v1/movements/m5").status_code == 404
    assert maker.get("/api/v1/movements/m2").status_code == 200
