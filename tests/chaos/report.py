"""A run as a table for people and as JSON for programs."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.chaos.run import Outcome
from tests.servers.programs import find_program, postgresql_folder

_SHOWN = 10


def as_json(outcome: Outcome) -> dict[str, Any]:
    """Everything about a run, each fault with its cases."""
    return {
        "plan": asdict(outcome.plan),
        "kills": outcome.kills,
        "ended_by_themselves": outcome.own_ends,
        "seconds": round(outcome.seconds, 1),
        "figures": outcome.verdict.figures,
        "faults": outcome.verdict.faults,
        "is_clean": outcome.verdict.is_clean,
        "readyz": outcome.said,
        "metrics": outcome.metrics,
        "versions": versions(outcome.plan.broker),
    }


def as_markdown(outcome: Outcome) -> str:
    """The same as tables; of each fault the first cases are shown."""
    plan, verdict = outcome.plan, outcome.verdict
    killed = ", ".join(f"{name} {count}" for name, count in outcome.kills.items())
    ended = ", ".join(f"{name} {count}" for name, count in outcome.own_ends.items() if count)
    trust = "the broker's PUBACK" if plan.trusts_puback else "the application acknowledgement"
    total, seconds = sum(outcome.kills.values()), outcome.seconds
    lines = [
        f"**{total:,} kills in {seconds:.0f} s** (about one in {plan.pace_s:g} s): {killed}.",
        f"Ended by themselves: {ended or 'none'}.",
        f"Publishers trust {trust}. Seed {plan.seed}.",
        "",
        *(f"- {name}: {said}" for name, said in versions(plan.broker).items()),
        "",
        *_table("what", verdict.figures.items()),
        "",
        *_table("fault", [(name, len(cases)) for name, cases in verdict.faults.items()]),
    ]
    if outcome.said:
        lines += ["", f"/readyz in {plan.fault} for {plan.fault_s:g} s:", ""]
        lines += [f"    {said}" for said in outcome.said]
        lines += ["", "Metrics at its end:", ""]
        lines += [f"    {name} {value}" for name, value in outcome.metrics.items()]
    for name, cases in verdict.faults.items():
        if cases:
            lines += ["", f"{name}, the first {min(len(cases), _SHOWN)} of {len(cases)}:", ""]
            lines += [f"    {case}" for case in cases[:_SHOWN]]
    return "\n".join(lines) + "\n"


def write(outcome: Outcome, folder: Path) -> None:
    """Leave both in the folder of the run."""
    content = json.dumps(as_json(outcome), ensure_ascii=False, indent=2)
    (folder / "report.json").write_text(content + "\n", encoding="utf-8")
    (folder / "report.md").write_text(as_markdown(outcome), encoding="utf-8")


def versions(broker: str) -> dict[str, str]:
    """The machine and the real parts."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    folder = postgresql_folder()
    system = f"{platform.system()} {platform.release()}"
    return {
        "machine": f"{os.cpu_count()} cores, {memory:.0f} GiB, {system}",
        "broker": f"amqtt {version('amqtt')}" if broker == "amqtt" else _said("mosquitto", "-h"),
        "database": _said(str(folder / "postgres"), "--version") if folder else "none",
        "Python": platform.python_version(),
    }


def _said(program: str, option: str) -> str:
    path = program if "/" in program else str(find_program(program))
    done = subprocess.run([path, option], capture_output=True, text=True, check=False)
    first = (done.stdout or done.stderr).strip().splitlines()[0]
    return re.sub(r"\s+", " ", first)


def _table(name: str, rows: Sequence[tuple[str, int]] | Any) -> list[str]:
    return [f"| {name} | |", "|---|---:|", *(f"| {what} | {count:,} |" for what, count in rows)]
