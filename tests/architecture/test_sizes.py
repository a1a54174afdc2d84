"""Files and functions stay as small as one reading."""

from __future__ import annotations

import ast
import re

import pytest

from tests.architecture.sources import PACKAGES, named, python_files, tree_of

_LINES_OF_A_FILE = 300
_LINES_OF_A_FUNCTION = 60
_EXCUSE = re.compile(r"#\s*(?:noqa|type:\s*ignore)(?P<rest>[^#]*)(?P<comment>#.*)?")
_CODES = re.compile(r"^(:\s*[A-Z]+[0-9]+(,\s*[A-Z]+[0-9]+)*|\[[a-z-]+(,\s*[a-z-]+)*\])?")


def test_no_file_is_longer_than_one_reading() -> None:
    lengths = {
        named(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in python_files(*PACKAGES, "tests")
        if "versions" not in path.parts
    }
    assert {name: lines for name, lines in lengths.items() if lines > _LINES_OF_A_FILE} == {}


def test_no_function_is_longer_than_one_screen() -> None:
    long = [
        f"{named(path)}:{node.lineno} {node.name} has {node.end_lineno - node.lineno + 1} lines"
        for path in python_files(*PACKAGES)
        if "versions" not in path.parts
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno >= _LINES_OF_A_FUNCTION
    ]
    assert long == []


def test_every_excuse_to_a_checker_gives_its_reason() -> None:
    without_reason = []
    for path in python_files(*PACKAGES, "tests"):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            excuse = _EXCUSE.search(line)
            if excuse and "_EXCUSE" not in line:
                reason = _CODES.sub("", excuse["rest"]) + (excuse["comment"] or "")
                if len(re.findall(r"\w+", reason)) < 2:
                    without_reason.append(f"{named(path)}:{number}")
    assert without_reason == []


@pytest.mark.parametrize("name", ["skip", "xfail", "skipif"])
def test_no_test_is_switched_off(name: str) -> None:
    marks = [
        f"{named(path)}:{node.lineno}"
        for path in python_files("tests")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Attribute)
        and node.attr == name
        and isinstance(node.value, ast.Attribute)
        and node.value.attr == "mark"
    ]
    assert marks == []
