"""`traceapp simulate` as a person calls it."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from schemas.registry import KINDS
from tests.servers.program import free_port
from traceapp.simulate.cli import simulate


def test_the_registry_is_written_in_the_words_of_the_contract(tmp_path: Path) -> None:
    file = tmp_path / "registry.jsonl"
    result = CliRunner().invoke(simulate, ["--registry-out", str(file)])
    assert result.exit_code == 0, result.output
    documents = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    for document in documents:
        KINDS[document.pop("kind")]().load(document)
    assert len(documents) > 40


def test_a_broker_that_is_not_there_is_one_line_and_status_1() -> None:
    result = CliRunner().invoke(simulate, ["--broker", f"mqtt://127.0.0.1:{free_port()}"])
    assert result.exit_code == 1
    assert result.output.startswith("Error: Expected a broker at 127.0.0.1")
    assert len(result.output.splitlines()) == 1


def test_nothing_to_do_is_a_usage_error() -> None:
    result = CliRunner().invoke(simulate, [])
    assert result.exit_code == 2
    assert "Expected --broker URL" in result.output


def test_an_absurd_fleet_is_refused_in_one_line(tmp_path: Path) -> None:
    asked = ["--fleet", "0", "--registry-out", str(tmp_path / "f")]
    result = CliRunner().invoke(simulate, asked)
    assert result.exit_code == 1
    assert "got 0" in result.output
