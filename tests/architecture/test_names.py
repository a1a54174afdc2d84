"""One noun has one spelling, and no name says nothing."""

from __future__ import annotations

import ast
import re

from tests.architecture.sources import PACKAGES, ROOT, named, python_files, tree_of

_EMPTY_MODULES = {"utils", "helpers", "common", "manager", "managers", "misc", "util", "helper"}
_EMPTY_VERB = re.compile(r"_*(handle|process|manage|do)(_|$)")
_NAMED_BY_LIBRARIES = {"handle_DATA", "handle_RCPT", "handle_EHLO", "process_bind_param"}
_NAMED_BY_LIBRARIES |= {"process_result_value", "handle_error", "handle_http_exception"}
_NAMED_BY_LIBRARIES |= {"_handle_publish"}


def test_a_noun_is_spelled_in_the_singular_in_every_folder() -> None:
    nouns = {path.stem for path in python_files("traceapp/models")} - {"__init__", "all", "base"}
    plurals = {f"{noun}s" for noun in nouns} | {f"{noun}es" for noun in nouns}
    inside = [path for folder in PACKAGES for path in (ROOT / folder).rglob("*") if path.is_file()]
    assert [named(path) for path in inside if path.stem in plurals] == []


def test_a_table_bears_the_name_of_its_noun_in_the_singular() -> None:
    from traceapp.models.all import metadata

    plurals = {f"{name}s" for name in metadata.tables}
    assert [name for name in metadata.tables if name in plurals] == []


def test_no_module_is_a_drawer_for_anything() -> None:
    drawers = [named(path) for path in python_files(*PACKAGES) if path.stem in _EMPTY_MODULES]
    assert drawers == []


def test_a_function_says_what_it_does() -> None:
    saying_nothing = [
        f"{named(path)}:{node.lineno} {node.name}"
        for path in python_files(*PACKAGES)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and _EMPTY_VERB.match(node.name)
        and node.name not in _NAMED_BY_LIBRARIES
    ]
    assert saying_nothing == []
