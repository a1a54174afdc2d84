"""A unit's episodes are the union of the runs of its sensors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from traceapp.rules.episode import unite
from traceapp.rules.profile import PROFILES
from traceapp.rules.run import Run

HOT = PROFILES["cn-fridge"].rule("hot")
START = datetime(2021, 5, 9, tzinfo=UTC)


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


def run(start: int, end: int | None, peak: float = 9.0, *, heard: int = 0) -> Run:
    made = Run(HOT, at(start), at(start))
    made.peak_celsius = peak
    made.reach(at(heard or end or start))
    made.ended_at = None if end is None else at(end)
    return made


def test_overlapping_runs_of_two_probes_are_one_episode_with_the_worst_peak() -> None:
    (episode,) = unite([run(0, 40, 9.0), run(20, 70, 11.0)])
    assert (episode.started_at, episode.ended_at) == (at(0), at(70))
    assert (episode.triggered_at, episode.peak_celsius) == (at(15), 11.0)
    assert episode.minutes == 70


def test_runs_apart_are_two_episodes_and_an_untriggered_run_is_none() -> None:
    episodes = unite([run(0, 20), run(30, 40), run(50, 80)])
    assert [episode.started_at for episode in episodes] == [at(0), at(50)]


def test_an_episode_is_open_while_one_of_its_runs_is() -> None:
    (episode,) = unite([run(0, 40), run(20, None, heard=60)])
    assert episode.ended_at is None
    assert episode.minutes == 60


def test_what_one_probe_did_not_measure_is_known_where_the_other_did() -> None:
    silent = run(0, 100)
    silent.unknown = [(at(10), at(90))]
    (episode,) = unite([silent, run(20, 60)])
    assert episode.unknown_minutes == 40
