"""The benchmarks work and count what they say; no test asserts a time."""

from __future__ import annotations

import struct

import pytest
from click.testing import CliRunner

from ingest.decode import decode
from tests.servers.programs import need_program
from traceapp.bench.publisher import packets, readings, topic_of
from traceapp.bench.trace import _percentile
from traceapp.commands.bench import bench


def test_the_publisher_sends_readings_that_the_line_takes_each_with_a_moment_of_its_own() -> None:
    seen = set()
    for sensor, payload in readings(1_000, 7):
        said = decode(topic_of(sensor).encode(), payload)
        assert said.readings is not None
        assert said.rejected == []
        seen.add((said.readings.sensor, said.readings.readings[0].at))
    assert len(seen) == 1_000


def test_the_publishers_packets_are_mqtt() -> None:
    stream, count = b"".join(packets(1_200, 3)), 0
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
def test_a_percentile_is_a_value_that_occurred(
    values: list[float], percent: int, wanted: float
) -> None:
    assert _percentile(values, percent) == wanted


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
