"""Every reason for which something is refused is explained, and every one explained is given."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from schemas.message import REASONS
from tests.architecture.sources import PACKAGES, ROOT, named, python_files, tree_of


def _texts(node: ast.AST) -> Iterator[str]:
    """Yield every text that an expression may be: both of a choice, `.+` for what is filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield re.escape(node.value)
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)
    elif isinstance(node, ast.JoinedStr):
        parts = ("".join(_texts(part)) or ".+" for part in node.values)
        yield "".join(parts)


def _given(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
            if node.func.id == "Refusal":
                yield from _texts(node.args[0])
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "reason":
            yield from _texts(node.value)
        elif isinstance(node, ast.FunctionDef):
            defaults = dict(
                zip(reversed(node.args.args), reversed(node.args.defaults), strict=False)
            )
            for argument, default in defaults.items():
                if argument.arg == "reason":
                    yield from _texts(default)


def test_every_reason_that_the_code_gives_is_explained() -> None:
    given = {
        pattern: named(path)
        for path in python_files(*PACKAGES)
        for pattern in _given(tree_of(path))
    }
    explained = {code for pattern in given for code in REASONS if re.fullmatch(pattern, code)}
    unexplained = {
        pattern: path
        for pattern, path in given.items()
        if not any(re.fullmatch(pattern, code) for code in REASONS)
    }
    assert unexplained == {}
    assert explained == set(REASONS)


def test_the_page_about_mqtt_explains_every_reason() -> None:
    page = (ROOT / "docs" / "mqtt.md").read_text("utf-8")
    [section] = re.findall(r"^## What is refused$(.*?)^## ", page, re.MULTILINE | re.DOTALL)
    rows = re.findall(r"^\| `([a-z_]+)` \|", section, re.MULTILINE)
    assert sorted(rows) == sorted(REASONS)
