"""The main job, from outside: measured temperatures in, one e-mail out, a dose traced both ways."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.system.district import (
    CDC,
    CDC_ROOM,
    CLINIC,
    DUTY,
    FRIDGE,
    FRIDGE_SENSOR,
    GTIN,
    LOT,
    MADE,
    MAKER,
    MAKER_ROOM,
    OTHER_FRIDGE,
    OTHER_SENSOR,
    SENT,
    TRUCK,
    TRUCK_SENSOR,
    dose,
    way_to_the_clinic,
)
from tests.system.installation import Gateway, Installation
from tests.system.oracle import WHO_FRIDGE, Episode, judge
from tests.system.series import (
    Measured,
    conflicts_in,
    first_values,
    moved_to_end_at,
    one_night,
    read_series,
    series_at_hand,
)

SERIES = pytest.mark.parametrize("path", series_at_hand(), ids=lambda path: path.stem)


def reading(measured: Measured) -> dict[str, Any]:
    """Return one reading as a gateway publishes it."""
    return {"at": measured.at.isoformat(), "celsius": measured.celsius}


def episodes_of(installation: Installation, unit: str) -> list[Episode]:
    """Return the excursions in the unit's temperature, by the API, the oldest first."""
    found = installation.web.items("/api/v1/excursions", unit=unit)
    episodes = [
        Episode(
            each["rule"],
            datetime.fromisoformat(each["started_at"]),
            datetime.fromisoformat(each["triggered_at"]),
            datetime.fromisoformat(each["ended_at"]) if each["ended_at"] else None,
        )
        for each in found
        if each["rule"] != "silence"
    ]
    return sorted(episodes, key=lambda episode: (episode.started_at, episode.rule))


@SERIES
def test_a_whole_measured_series_is_stored_once_and_judged_as_an_independent_judge_does(
    installation: Installation, clinic: Gateway, path: Path
) -> None:
    series = read_series(path)
    kept = first_values(series)
    acks = [
        clinic.report("readings", [reading(m) for m in series[i : i + 1000]], OTHER_SENSOR)
        for i in range(0, len(series), 1000)
    ]
    assert sum(ack["stored"] for ack in acks) == len(kept) == installation.count("reading")
    assert installation.count("conflict") == conflicts_in(series)
    expected = [episode for rule in WHO_FRIDGE for episode in judge(kept, rule)]
    expected.sort(key=lambda episode: (episode.started_at, episode.rule))
    assert episodes_of(installation, OTHER_FRIDGE) == expected
    span = {"from": kept[0].at.isoformat(), "to": kept[-1].at.isoformat(), "points": 400}
    drawn = installation.web.get(f"/api/v1/units/{OTHER_FRIDGE}/readings", **span)["points"]
    assert len(drawn) <= 400
    values = [point["celsius"] for point in drawn]
    assert min(values) == pytest.approx(min(m.celsius for m in kept))
    assert max(values) == pytest.approx(max(m.celsius for m in kept))
    installation.assert_all_run()


@SERIES
def test_one_frozen_night_is_one_mail_and_a_dose_is_traced_both_ways(
    installation: Installation, clinic: Gateway, tmp_path: Path, path: Path
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    night = moved_to_end_at(one_night(read_series(path)), now - timedelta(minutes=1))
    [freeze] = judge(night, WHO_FRIDGE[1])
    arrived_at = night[0].at - timedelta(hours=1)
    bring_the_lot(installation, clinic, arrived_at, tmp_path)
    for i in range(0, len(night), 50):
        clinic.report("readings", [reading(m) for m in night[i : i + 50]], FRIDGE_SENSOR)
    assert episodes_of(installation, FRIDGE) == [freeze]
    [excursion] = installation.web.items("/api/v1/excursions", unit=FRIDGE)
    assert_one_mail(installation, excursion)
    given = installation.web.post("/api/v1/doses", dose("dose-1", now))
    assert given.status == 201, given
    assert "frozen" in {finding["code"] for finding in given.document["findings"]}
    assert_traced_back(installation, excursion, night)
    assert_traced_forward(installation, excursion)
    installation.assert_all_run()


def bring_the_lot(
    installation: Installation, clinic: Gateway, arrived_at: datetime, folder: Path
) -> None:
    """Report the lot's way to the clinic over the line, and the truck's temperatures on it."""
    others = {code: Gateway(installation.broker, code, folder) for code in (MAKER, CDC)}
    for site, movement in way_to_the_clinic(arrived_at):
        ack = {**others, CLINIC: clinic}[site].report("movements", [movement])
        assert (ack["stored"], ack["refused"]) == (1, 0)
    on_the_road = [arrived_at - timedelta(minutes=5 * i) for i in range(48)]
    journey = [reading(Measured(at, 5.0)) for at in on_the_road]
    assert others[CDC].report("readings", journey, TRUCK_SENSOR)["stored"] == 48


def assert_one_mail(installation: Installation, excursion: dict[str, Any]) -> None:
    """The excursion left as exactly one e-mail, which says what, where, when and which lots."""
    installation.mailbox.wait_for(1)
    time.sleep(2)  # A second e-mail would come now.
    [mail] = installation.mailbox.mails
    assert (mail.sender, mail.recipients) == ("coldchain@example.org", (DUTY,))
    said = f"{mail.message['Subject']}\n{mail.text}"
    link = f"{installation.web.url}/excursions/{excursion['id']}"
    for part in ("1号冰箱", "凭祥市妇幼保健院接种点", LOT, "°C", link, "温度", "xcursion"):
        assert part in said
    html = mail.message.get_body(("html",))
    assert html is not None
    assert LOT in html.get_content()


def assert_traced_back(
    installation: Installation, excursion: dict[str, Any], night: list[Measured]
) -> None:
    """The dose leads back to its maker, by the way it came, with the temperatures it had."""
    trace = installation.web.get("/api/v1/doses/dose-1/trace")
    assert trace["source"]["manufacturer"] == "北京疫苗厂"
    assert trace["source"]["release"] == "S202105147"
    # The first journey named no carrier: that stretch of the way has no unit.
    way = [code_of(stretch["unit"]) for stretch in trace["path"] if stretch["unit"]]
    assert way == [MAKER_ROOM, CDC_ROOM, TRUCK, FRIDGE]
    exposure = trace["exposure"]
    assert exposure["frozen"] is True
    assert exposure["min_celsius"] == pytest.approx(min(m.celsius for m in night))
    assert exposure["minutes_below"] > 60
    assert excursion["id"] in {each["id"] for each in trace["excursions"]}
    assert "frozen" in {finding["code"] for finding in trace["findings"]}
    for code in ("dose-1", LOT):
        shown = installation.command("trace", code)
        assert LOT in shown
        assert "北京疫苗厂" in shown


def assert_traced_forward(installation: Installation, excursion: dict[str, Any]) -> None:
    """The lot leads forward to the dose, and every dose of the lot is accounted for."""
    lot = f"/api/v1/lots/{GTIN}/{LOT}"
    trace = installation.web.get(f"{lot}/trace")
    assert trace["doses_administered"] == 1
    balance = trace["balance"]
    assert (balance["made"], balance["administered"]) == (MADE, 1)
    assert (balance["on_hand"], balance["in_transit"], balance["unexplained"]) == (MADE - 1, 0, 0)
    holdings = {code_of(each["unit"]): each["doses"] for each in trace["holdings"]}
    assert holdings == {CDC_ROOM: MADE - SENT, FRIDGE: SENT - 1}
    [shipment] = [each for each in trace["shipments"] if code_of(each["to"]) == CLINIC]
    assert (shipment["doses_shipped"], shipment["doses_received"]) == (SENT, SENT)
    [given] = installation.web.items(f"{lot}/doses")
    assert given["id"] == "dose-1"
    assert "199001011232" not in str(given)
    impact = installation.web.get(f"/api/v1/excursions/{excursion['id']}/impact")
    assert [each["id"] for each in impact["doses"]] == ["dose-1"]
    assert impact["recipients"] == 1


def code_of(noun: Any) -> str:
    """Return the code of something that is answered as a code or as a document."""
    return str(noun["code"] if isinstance(noun, dict) else noun)
