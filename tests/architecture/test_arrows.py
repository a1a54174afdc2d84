"""Who may know whom, and who may do what."""

from __future__ import annotations

import pytest
from importlinter.cli import lint_imports

from tests.architecture.sources import (
    PACKAGES,
    ROOT,
    called_names,
    imported_packages,
    named,
    python_files,
)

_SPEAKERS = {
    "paho": {"ingest/broker.py", "traceapp/publish/client.py"},
    "smtplib": {"traceapp/alerts/smtp.py"},
}
_WITHOUT_A_CLOCK = (
    "traceapp/rules",
    "traceapp/models",
    "traceapp/capture",
    "traceapp/trace",
    "schemas",
    "config",
)


def test_every_import_follows_the_arrows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert lint_imports(no_cache=True) == 0


@pytest.mark.parametrize("library", _SPEAKERS)
def test_each_protocol_is_spoken_in_the_files_chosen_for_it(library: str) -> None:
    speakers = {named(p) for p in python_files(*PACKAGES) if library in imported_packages(p)}
    assert speakers <= _SPEAKERS[library]


def test_only_the_database_module_commits() -> None:
    committing = [
        f"{named(path)}:{line}"
        for path in python_files(*PACKAGES)
        for name, line in called_names(path)
        if name == "commit" and named(path) != "traceapp/db.py"
    ]
    assert committing == []


def test_below_the_doors_nobody_looks_at_the_clock() -> None:
    looking = [
        f"{named(path)}:{line} {name}"
        for path in python_files(*_WITHOUT_A_CLOCK)
        for name, line in called_names(path)
        if name in {"now", "utcnow", "today", "time", "monotonic", "localtime", "gmtime"}
    ]
    assert looking == []
