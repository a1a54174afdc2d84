"""The whole system on embedded parts, as a person starts it who has nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(240)
def test_the_demo_plays_its_story_to_the_end_and_finds_every_result_right(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from traceapp.cli import main; main()", "demo", "--once"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=220,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("✓") > 25
    assert "✗" not in done.stdout
    assert list(tmp_path.iterdir()) == []
