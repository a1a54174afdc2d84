"""Bad input over the real line: each gets its answer, the next good message is stored."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.servers.program import wait_until
from tests.system.district import (
    CDC,
    CLINIC,
    FRIDGE,
    FRIDGE_SENSOR,
    GTIN,
    LOT,
    MAKER,
    OTHER_FRIDGE,
    OTHER_SENSOR,
    movement,
    way_to_the_clinic,
)
from tests.system.installation import Gateway, Installation

GOOD = {"at": "2021-05-09T08:00:00+08:00", "celsius": 4.2}
RUBBISH = bytes(range(256)) * 4
NOW = datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True)
class Refused:
    """A payload that must be refused, and the field that the refusal must name."""

    name: str
    payload: bytes
    field: str


def said(**changes: Any) -> bytes:
    """Return a good reading with something changed, as bytes."""
    return json.dumps({**GOOD, **changes}).encode()


REFUSED = [
    Refused("malformed JSON", b'{"at":"2021-05-09T08:00:00+08:00","celsius":', ""),
    Refused("a text for a number", said(celsius="4.2"), "celsius"),
    Refused("a number for a moment", said(at=1620518400), "at"),
    Refused("a naive time", said(at="2021-05-09T08:00:00"), "at"),
    Refused("an unknown field", said(colour="red"), "colour"),
    Refused("no temperature", b'{"at":"2021-05-09T08:00:00+08:00"}', "celsius"),
    Refused("not a number", b'{"at":"2021-05-09T08:00:00+08:00","celsius":NaN}', ""),
    Refused("more than a number holds", said(seq=2**70), "seq"),
    Refused("a lone surrogate", said(boot="\ud800"), ""),
    Refused("a NUL", said(boot="a\0b"), "boot"),
    Refused("300 KiB", json.dumps([GOOD] * 5000).encode()[: 300 * 1024], ""),
    Refused("a thousand and one", json.dumps([GOOD] * 1001).encode(), "readings"),
    Refused("binary rubbish", RUBBISH, ""),
    Refused("a text", b'"4.2"', ""),
]


@pytest.fixture
def assert_line_goes_on(installation: Installation, clinic: Gateway) -> Callable[[], None]:
    """Say a good message, and see it stored and every process alive."""
    moments = iter(range(10_000))

    def go_on() -> None:
        at = datetime(2021, 5, 1, tzinfo=UTC) + timedelta(minutes=next(moments))
        good = {"at": at.isoformat(), "celsius": 4.0}
        ack = clinic.report("readings", [good], OTHER_SENSOR)
        assert (ack["stored"], ack["refused"]) == (1, 0)
        installation.assert_all_run()

    return go_on


def test_what_cannot_be_read_is_refused_reported_and_kept(
    installation: Installation, clinic: Gateway, assert_line_goes_on: Callable[[], None]
) -> None:
    topic = clinic.topic("readings", FRIDGE_SENSOR)
    for case in REFUSED:
        installation.broker.publish(topic, case.payload)
        report = reported(clinic, case.payload, case.name)
        assert set(report) == {"topic", "reason", "field", "expected", "got", "sha256"}
        assert report["topic"] == topic, case.name
        assert case.field in report["field"], (case.name, report)
        assert report["expected"], case.name
        assert_line_goes_on()
    kept = {each["sha256"]: each for each in installation.web.items("/api/v1/rejections")}
    assert {digest_of(case.payload) for case in REFUSED} <= set(kept)
    assert installation.rows("SELECT count(*) FROM reading WHERE celsius > 4.1") == [(0,)]


def test_binary_rubbish_on_any_topic_stops_nothing(
    installation: Installation, clinic: Gateway, assert_line_goes_on: Callable[[], None]
) -> None:
    answered = [
        clinic.topic("readings", FRIDGE_SENSOR),
        clinic.topic("movements"),
        clinic.topic("status", FRIDGE_SENSOR),
        clinic.topic("nobody/knows/this"),
        clinic.topic("readings", "not a code!"),
    ]
    for number, topic in enumerate(answered):
        payload = RUBBISH + bytes([number])
        installation.broker.publish(topic, payload)
        assert reported(clinic, payload, topic)["topic"] == topic
        assert_line_goes_on()
    nobodys = ["coldchain/v1", "coldchain/v1/x", f"coldchain/v1/{CDC}/acks", "coldchain/v2/x"]
    for topic in [*nobodys, f"coldchain/v1/{CDC}/rejections", f"coldchain/v1/{CDC}/1/acks"]:
        installation.broker.publish(topic, RUBBISH)
        assert_line_goes_on()


def test_an_absurd_temperature_is_kept_and_not_judged(
    installation: Installation, clinic: Gateway, assert_line_goes_on: Callable[[], None]
) -> None:
    begin = NOW - timedelta(hours=20)
    absurd = [
        {"at": (begin + timedelta(minutes=5 * i)).isoformat(), "celsius": 500.0} for i in range(200)
    ]
    assert clinic.report("readings", absurd, FRIDGE_SENSOR)["stored"] == 200
    assert installation.rows("SELECT count(*) FROM reading WHERE celsius = 500") == [(200,)]
    found = list(installation.web.items("/api/v1/excursions", unit=FRIDGE))
    assert [each for each in found if each["side"] != "silence"] == []
    assert_line_goes_on()


def test_readings_of_an_unknown_sensor_come_in_when_it_is_registered(
    installation: Installation, clinic: Gateway, assert_line_goes_on: Callable[[], None]
) -> None:
    begin = NOW - timedelta(hours=11)
    warm = [
        {"at": (begin + timedelta(minutes=5 * i)).isoformat(), "celsius": 9.0} for i in range(130)
    ]
    assert clinic.report("readings", warm, "99-000001")["stored"] == 130
    assert_line_goes_on()
    sensor = {"unit": FRIDGE, "interval_s": 300}
    registered = installation.web.ask(
        "PUT", "/api/v1/sensors/99-000001", json.dumps(sensor).encode()
    )
    assert registered.status in (200, 201), registered
    found = installation.web.items("/api/v1/excursions", unit=FRIDGE)
    [heat] = [each for each in found if each["rule"] == "heat"]
    assert datetime.fromisoformat(heat["started_at"]) == begin


def test_a_retained_reading_is_one_reading_however_often_it_is_delivered(
    installation: Installation, clinic: Gateway, assert_line_goes_on: Callable[[], None]
) -> None:
    topic = clinic.topic("readings", FRIDGE_SENSOR)
    installation.broker.publish(topic, json.dumps(GOOD), "-r")
    wait_until(lambda: installation.count("reading") == 1, "the retained reading is stored")
    for _ in range(2):
        assert installation.processes["ingest"].stop() == 0
        installation.start_ingester()
        assert_line_goes_on()
    assert installation.rows("SELECT count(*) FROM reading WHERE celsius = 4.2") == [(1,)]
    assert installation.count("conflict") == 0


def test_movements_that_cannot_be_true_are_kept_and_shown_as_findings(
    installation: Installation, clinic: Gateway, assert_line_goes_on: Callable[[], None]
) -> None:
    others = {
        site: Gateway(installation.broker, site, installation.folder) for site in (MAKER, CDC)
    }
    for site, report in way_to_the_clinic(NOW - timedelta(days=1)):
        {**others, CLINIC: clinic}[site].report("movements", [report])
    out = {"from": FRIDGE, "to": CDC}
    unknown = movement("returning", NOW, 10, **out) | {"lot": {"gtin": GTIN, "number": "NOBODY"}}
    too_many = movement("returning", NOW + timedelta(seconds=1), 99_999, **out)
    for report in (unknown, too_many):
        ack = clinic.report("movements", [report])
        assert (ack["stored"], ack["refused"]) == (1, 0)
        lot = f"/api/v1/lots/{GTIN}/{report['lot']['number']}/trace"
        findings = installation.web.get(lot)["findings"]
        assert [each for each in findings if each["code"] and each["text"]], report
        assert_line_goes_on()
    assert clinic.report("movements", [too_many])["repeated"] == 1
    other_content = too_many | {"doses": 5}
    assert clinic.report("movements", [other_content])["stored"] == 0
    assert installation.count("conflict") == 1
    assert clinic.rejections()[-1]["reason"] == "conflict"
    assert_line_goes_on()


def test_a_site_that_reports_another_sites_movement_is_refused(
    installation: Installation, clinic: Gateway, assert_line_goes_on: Callable[[], None]
) -> None:
    made = way_to_the_clinic(NOW)[0][1]
    ack = clinic.report("movements", [made])
    assert (ack["stored"], ack["refused"]) == (0, 1)
    wait_until(lambda: len(clinic.rejections()) == 1, "the refusal was reported")
    answer = installation.web.ask("GET", f"/api/v1/lots/{GTIN}/{LOT}/trace")
    assert answer.status == 404
    assert_line_goes_on()


def test_http_answers_bad_input_with_a_problem_document(installation: Installation) -> None:
    web = installation.web
    readings = {"sensor": FRIDGE_SENSOR, "readings": [GOOD]}
    asked: list[tuple[int, str, str, bytes | None]] = [
        (400, "POST", "/api/v1/readings", b'{"sensor":'),
        (400, "POST", "/api/v1/readings", RUBBISH),
        (404, "GET", "/api/v1/nothing", None),
        (404, "GET", "/api/v1/doses/nobody/trace", None),
        (405, "DELETE", "/api/v1/readings", None),
        (413, "POST", "/api/v1/readings", b" " * ((1 << 20) + 1024)),
        (422, "POST", "/api/v1/readings", json.dumps(readings | {"colour": "red"}).encode()),
        (422, "POST", "/api/v1/doses", b'{"id":"d","at":"2021-05-09T08:00:00"}'),
    ]
    for status, method, path, body in asked:
        answer = web.ask(method, path, body)
        assert answer.media_type == "application/problem+json", (method, path, answer)
        assert (answer.status, answer.document["status"]) == (status, status), (path, answer)
        assert {"type", "title", "detail"} <= set(answer.document)
    answer = type(web)(web.url).ask("GET", f"/api/v1/units/{OTHER_FRIDGE}/readings")
    assert (answer.status, answer.media_type) == (401, "application/problem+json")
    assert web.post("/api/v1/readings", readings).status in (200, 201)
    installation.assert_all_run()


def reported(gateway: Gateway, payload: bytes, what: str) -> dict[str, Any]:
    """Return the report of a refused payload, once it has come."""
    digest = digest_of(payload)

    def reports() -> list[dict[str, Any]]:
        return [each for each in gateway.rejections() if each["sha256"] == digest]

    wait_until(lambda: bool(reports()), f"the refusal of {what} was reported")
    return reports()[0]


def digest_of(payload: bytes) -> str:
    """Return what names a payload in reports."""
    return hashlib.sha256(payload).hexdigest()
