"""What the demo prints, and what the documents tell to do with it, works as it stands."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.servers.fixtures import RunProcess, process_environ
from tests.servers.program import free_port

_ROOT = Path(__file__).parents[2]
_MAIN = ["-c", "from traceapp.cli import main; main()"]
_PAGE = (_ROOT / "docs" / "tracing.md").read_text("utf-8")
_BLOCKS = re.findall(r"^```\n(.*?)^```", _PAGE, re.MULTILINE | re.DOTALL)
_EXAMPLES = [block for block in _BLOCKS if "curl" in block]
#: In the place of curl, which not every machine has: tells what it was asked, one line each.
_CURL = 'curl() { "$PYTHON" -c "import json, sys; print(json.dumps(sys.argv[1:]))" "$@"; }'


def shell(script: str, environ: dict[str, str]) -> str:
    done = subprocess.run(
        ["/bin/sh", "-eu", "-c", script],
        env=environ, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def ask(url: str, header: str = "", body: str | None = None) -> tuple[int, str]:
    """Do what curl would: a GET, or a POST of JSON."""
    headers = dict([header.split(": ", 1)] if header else [])
    data = None if body is None else body.encode()
    if data is not None:
        headers["Content-Type"] = "application/json"
    asked = urllib.request.Request(url, data, headers)
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


@pytest.mark.timeout(300)
def test_what_the_demo_prints_and_the_page_about_tracing_tells_works_when_pasted(
    tmp_path: Path, run_process: RunProcess
) -> None:
    port = free_port()
    demo = run_process([*_MAIN, "demo", "--port", str(port)], {})
    demo.wait_for_output("The past is told", 240)
    pasted = re.findall(r"^    (export .*|.* signin-link)$", demo.output, re.MULTILINE)
    assert len(pasted) == 5, demo.output
    environ = process_environ({"PYTHON": sys.executable})
    script = "\n".join(pasted)
    said = shell(f'{script}\necho "$TOKEN"\n{_CURL}\n' + "\n".join(_EXAMPLES), environ)
    link, token, *asked = said.splitlines()
    status, page = ask(link)
    assert (status, "<form" in page) == (200, True)
    assert len(asked) >= 10
    for line in asked:
        url, *rest = json.loads(line)
        told = dict(zip(rest[::2], rest[1::2], strict=True))
        here = url.replace("http://127.0.0.1:8000", f"http://127.0.0.1:{port}")
        status, answer = ask(here, told["-H"], told.get("--json"))
        assert status in (200, 201), (line, answer)
        assert token in told["-H"]
        for bad in ("lot_unknown", "not_at_site", "correction_waits"):
            assert bad not in answer, (line, answer)
