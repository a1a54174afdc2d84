"""The demo's children: started with their settings, started again, stopped together."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from traceapp.simulate.crew import Crew, CrewFailed

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def crew(tmp_path: Path, said: list[str]) -> Iterator[Crew]:
    crew = Crew({"PATH": os.environ["PATH"], "TOLD": "yes"}, tmp_path / "logs", said.append)
    yield crew
    crew.stop()


def test_a_command_answers_what_it_printed_and_sees_its_settings(crew: Crew) -> None:
    assert crew.run([sys.executable, "-c", "import os; print(os.environ['TOLD'])"]) == "yes\n"


def test_a_command_that_fails_is_told_in_its_own_last_words(crew: Crew) -> None:
    code = "import sys; print('no such', file=sys.stderr); sys.exit(3)"
    with pytest.raises(CrewFailed, match=r"traceapp db ended with 3: no such"):
        crew.run([sys.executable, "-c", code, "db"])


def test_a_child_that_ends_is_started_again_and_named_in_one_line(
    crew: Crew, said: list[str], tmp_path: Path
) -> None:
    count = tmp_path / "count"
    code = f"open({str(count)!r}, 'a').write('x'); print('cannot go on')"
    crew.start("short", [sys.executable, "-c", code])
    crew.wait_for("a second start", lambda: count.exists() and len(count.read_text()) > 1, 20)
    assert said[0] == "short ended (0) and is started again; its last words: cannot go on"


def test_stopping_ends_every_child_even_one_that_does_not_listen(crew: Crew) -> None:
    crew.start("sleeper", SLEEP)
    children = [member.child for member in crew.members]
    crew.stop()
    assert [child.poll() for child in children] == [-15]
    assert crew.members == []


def test_waiting_for_what_never_comes_says_what_was_expected(crew: Crew) -> None:
    with pytest.raises(CrewFailed, match="Expected the moon within 0 s"):
        crew.wait_for("the moon", lambda: False, 0.2)
