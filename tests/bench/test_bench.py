"""The benchmarks work and count what they say; no test asserts a time."""

from __future__ import annotations

import json
import re
import struct
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from ingest.decode import decode
from tests.servers.programs import need_program
from traceapp.bench.fleet import prepare, register_one
from traceapp.bench.pacer import calm_turn
from traceapp.bench.province import Plan
from traceapp.bench.publisher import packets, topic_of
from traceapp.bench.stream import Stream
from traceapp.bench.trace import percentile
from traceapp.commands.bench import bench, trace_province
from traceapp.db import open_database
from traceapp.models.sensor import Attachment, Sensor
from traceapp.models.unit import Unit, UnitProfile

UNTIL = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("items", [1, 20])
@pytest.mark.parametrize("case", ["clean", "late", "excursion"])
def test_the_publisher_sends_readings_that_the_line_takes_each_with_a_moment_of_its_own(
    case: str, items: int
) -> None:
    seen = set()
    for sensor, payload in Stream(1_000, 100, items, case, until=UNTIL).payloads():
        said = decode(topic_of(sensor).encode(), payload)
        assert said.readings is not None
        assert said.rejected == []
        seen |= {(said.readings.sensor, reading.at) for reading in said.readings.readings}
    assert len(seen) == 1_000 * items
    assert max(at for _, at in seen) < UNTIL


def test_every_tenth_message_is_garbage_where_it_is_asked_for() -> None:
    stream = Stream(1_000, 7, case="garbage", until=UNTIL)
    heard = [decode(topic_of(sensor).encode(), payload) for sensor, payload in stream.payloads()]
    assert sum(bool(said.rejected) for said in heard) == 100
    assert len({said.payload for said in heard if said.rejected}) == 100


def test_a_second_publisher_goes_on_where_the_first_ended() -> None:
    whole = list(Stream(30, 10, until=UNTIL).payloads())
    later = Stream(20, 10, skipped=1, until=UNTIL).payloads()
    moments = [json.loads(payload)["at"] for _, payload in later]
    assert moments == [json.loads(payload)["at"] for _, payload in whole[10:]]


def test_a_fleet_copied_in_bulk_is_the_fleet_that_registering_makes(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    prepare(sqlite_url, 3)
    with database.begin() as session:
        for number in (3, 4, 5):
            register_one(session, number, UNTIL)
    with database.read() as session:
        for model in (Unit, UnitProfile, Sensor, Attachment):
            rows = [row.__dict__ for row in session.scalars(select(model).order_by(model.id))]
            shapes = {
                str({name: value for name, value in row.items() if name not in _ITS_OWN})
                for row in rows
            }
            assert len(rows) == 6
            assert len(shapes) == 1
    database.close()


_ITS_OWN = {"_sa_instance_state", "id", "code", "name", "unit_id", "sensor_id"}


def test_the_publishers_packets_are_mqtt() -> None:
    stream, count = b"".join(packets(Stream(1_200, 3, until=UNTIL))), 0
    while stream:
        assert stream[0] == 0x32
        assert stream[1] < 128
        end = 2 + stream[1]
        [size] = struct.unpack("!H", stream[2:4])
        assert stream[4 : 4 + size] == topic_of(count % 3).encode()
        stream, count = stream[end:], count + 1
    assert count == 1_200


@pytest.mark.parametrize(
    ("values", "percent", "wanted"),
    [([], 50, 0.0), ([3.0, 1.0, 2.0], 50, 2.0), (list(map(float, range(1, 101))), 99, 99.0)],
)
def test_apercentile_is_a_value_that_occurred(
    values: list[float], percent: int, wanted: float
) -> None:
    assert percentile(values, percent) == wanted


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_bench_ingest_prints_its_figure_its_peers_and_the_ratio(kind: str) -> None:
    need_program("mosquitto")
    done = CliRunner().invoke(bench, ["ingest", "--messages", "300", "--into", kind])
    assert done.exit_code == 0, done.output
    assert "mosquitto_sub | psql COPY" in done.output
    assert f"\n{kind} " in done.output
    assert "of the peer" in done.output


def test_bench_trace_says_what_it_asked(sqlite_url: str) -> None:
    done = CliRunner().invoke(bench, ["trace", "--database", sqlite_url, "--times", "3"])
    assert done.exit_code == 0, done.output
    assert "a dose backwards" in done.output


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_bench_trace_asks_a_province_beside_the_bare_statements(
    kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    trace_province(kind, Plan(300, 2, 4, 9, 80, 60, 150), days=28, times=20)
    told = capsys.readouterr().out
    assert " 300 dose, " in told
    for question in ("a dose backwards", "the large lot forwards", "an excursion's impact"):
        assert re.search(rf"^{question} .* bare SQL .* of it ", told, re.MULTILINE)
    assert "all recipients as CSV    150 lines" in told
    for what in ("checked first", "checked again", "recorded by 100", "judged by 100"):
        assert re.search(rf"^\d+ doses {what} .* a day of 919500", told, re.MULTILINE)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_bench_series_asks_for_a_curve_in_four_ways_beside_the_bare_select(kind: str) -> None:
    asked = ["series", "--units", "2", "--days", "5", "--times", "2", "--into", kind]
    done = CliRunner().invoke(bench, asked)
    assert done.exit_code == 0, done.output
    assert "2880 readings of 2 units" in done.output
    for question in ("bare SELECT", "unit_series", "GET …/readings", "page of the unit"):
        assert re.search(rf"^{question} .* of the bare SELECT$", done.output, re.MULTILINE)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_bench_storage_measures_at_each_number_of_rows_and_says_the_bytes(kind: str) -> None:
    asked = ["storage", "--sensors", "500", "--fresh", "500", "--into", kind]
    asked += ["--rows", "5000", "--rows", "10000"]
    done = CliRunner().invoke(bench, asked)
    assert done.exit_code == 0, done.output
    found = re.findall(rf"^{kind} +(\d+) rows .* of the peer's rate$", done.output, re.MULTILINE)
    assert found == ["6500", "11500"]
    assert len(re.findall(r"[1-9]\d*\.\d \+ .* bytes a reading", done.output)) == 2


def test_bench_alert_counts_an_e_mail_for_every_alarm() -> None:
    need_program("mosquitto")
    amounts = ["--sensors", "20", "--rate", "50", "--seconds", "1", "--every", "0.25"]
    done = CliRunner().invoke(bench, ["alert", *amounts])
    assert done.exit_code == 0, done.output
    assert "4 alarms, 4 e-mails" in done.output
    assert "publish to the mail server" in done.output


def test_bench_memory_says_how_many_sensors_are_known_and_what_that_takes() -> None:
    need_program("mosquitto")
    amounts = ["--sensors", "30", "--rate", "50", "--minutes", "0.02", "--every", "0.2"]
    done = CliRunner().invoke(bench, ["memory", *amounts])
    assert done.exit_code == 0, done.output
    assert "30 sensors remembered" in done.output
    assert "KiB a minute" in done.output


def test_what_a_calm_fleet_says_is_taken_and_keeps_within_its_rules() -> None:
    turn = calm_turn(3)
    for number in range(100):
        said = decode(topic_of(number % 3).encode(), next(turn))
        assert said.readings is not None
        [reading] = said.readings.readings
        assert 4.0 <= reading.celsius <= 6.0
