"""What is written down agrees with what is there."""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import fields
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from config import Settings
from config.settings import variable_of
from tests.architecture.sources import PACKAGES, ROOT, imported_packages, python_files, tree_of

_CONFIGURATION = ROOT / "docs" / "configuration.md"


@pytest.mark.parametrize("field", fields(Settings), ids=lambda field: field.name)
def test_every_setting_stands_in_the_configuration_page(field: object) -> None:
    name = str(getattr(field, "name", ""))
    rows = [line for line in _CONFIGURATION.read_text("utf-8").splitlines() if line[:1] == "|"]
    [row] = [row for row in rows if f"`{variable_of(name)}`" in row.split("|")[1]]
    default = str(getattr(field, "default", ""))
    assert default == "" or f"`{default}`" in row
    is_secret = bool(getattr(field, "metadata", {})["secret"])
    assert (f"`{variable_of(name)}_FILE`" in row) == is_secret


def test_the_configuration_page_names_no_setting_that_is_gone() -> None:
    known = {variable_of(field.name) for field in fields(Settings)} | {"TRACEAPP_CONFIG"}
    written = set(re.findall(r"TRACEAPP_[A-Z_]+[A-Z]", _CONFIGURATION.read_text("utf-8")))
    assert {name.removesuffix("_FILE") for name in written} == known


def test_every_setting_has_its_sentence_beside_it() -> None:
    [settings] = [
        node
        for node in tree_of(ROOT / "config" / "settings.py").body
        if isinstance(node, ast.ClassDef) and node.name == "Settings"
    ]
    without = [
        ast.unparse(field.target)
        for field, after in zip(settings.body, settings.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign)
        and not (isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant))
    ]
    assert without == []


@pytest.mark.parametrize("name", ["requirements", "requirements-test"])
def test_a_lock_file_holds_what_was_asked_for_and_names_no_host(name: str) -> None:
    asked = _required(ROOT / f"{name}.in")
    text = (ROOT / f"{name}.txt").read_text("utf-8")
    locked = set(re.findall(r"^([a-z0-9][a-z0-9.-]*)(?:\[[a-z]+\])?==", text, re.MULTILINE))
    assert asked - locked == set()
    assert not re.search(r"://|^-|index|file:", re.sub(r"#.*", "", text), re.MULTILINE)
    pins = len(re.findall(r"^[a-z].*==", text, re.MULTILINE))
    assert len(re.findall(r"\\\n    --hash=sha256:[0-9a-f]{64}", text)) >= pins


@pytest.mark.parametrize(
    ("name", "folders"), [("requirements", PACKAGES), ("requirements-test", ("tests",))]
)
def test_everything_that_is_imported_is_asked_for(name: str, folders: tuple[str, ...]) -> None:
    asked = _required(ROOT / "requirements.in") | _required(ROOT / f"{name}.in")
    imported = set().union(*(imported_packages(path) for path in python_files(*folders)))
    others = imported - sys.stdlib_module_names - {*PACKAGES, "tests"}
    known = packages_distributions()
    providers = {package: {_plain(name) for name in known[package]} for package in others}
    assert {package for package, names in providers.items() if not names & asked} == set()


def _required(path: Path) -> set[str]:
    names = re.findall(r"^([A-Za-z0-9][A-Za-z0-9.-]*)", path.read_text("utf-8"), re.MULTILINE)
    return {_plain(name) for name in names}


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")
