"""``python -m tests.chaos``: kill everything again and again, and count what is lost."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from tests.chaos import report
from tests.chaos.fault import FAULTS, small_disk
from tests.chaos.plan import Plan
from tests.chaos.post import SlowMailbox
from tests.chaos.run import Run
from tests.servers.fixtures import reachable_folder

_ABOUT = """\
Start a private PostgreSQL, Mosquitto, ingester, alert sender and mail server, publish readings
with planted excursions through publishers that log each acknowledgement, kill -9 a part about
every second, and compare what was acknowledged with the database and the mailbox. Exit status 0:
nothing lost, duplicated, missed or invented; 1: something was. docs/reliability.md has the method.
"""


def main() -> int:
    """Do one run and print its report."""
    told = _parser().parse_args()
    plan = Plan(
        kills=0 if told.fault else told.kills,
        pace_s=told.pace,
        seed=told.seed,
        publishers=told.publishers,
        gateways=told.gateways,
        rate=told.rate,
        readings=told.readings,
        ingesters=told.ingesters,
        fault=told.fault or "",
        fault_s=told.seconds,
        is_hurried=told.hurry,
    )
    if told.control:
        plan = replace(plan, broker=told.control, trusts_puback=True, gateways=0)
    folder = told.folder or Path(tempfile.mkdtemp(prefix="chaos-", dir=reachable_folder()))
    folder.mkdir(parents=True, exist_ok=True)
    _tell(f"In {folder}")
    disk = small_disk(folder / "database") if plan.fault == "disk-full" else nullcontext()
    with disk, SlowMailbox(plan.seed) as mailbox:
        outcome = Run(plan, folder, mailbox, _tell).go()
    report.write(outcome, folder)
    sys.stdout.write(report.as_markdown(outcome))
    if told.folder is None and outcome.verdict.is_clean:
        shutil.rmtree(folder, ignore_errors=True)
    if told.control:
        found = bool(outcome.verdict.faults["readings lost"])
        _tell("The control lost readings, as it must." if found else "The control lost nothing!")
        return 0 if found else 1
    return 0 if outcome.verdict.is_clean else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make chaos ARGS=… (python -m tests.chaos)",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    usual = Plan()
    parser.add_argument("--kills", type=int, default=usual.kills, help="how many (25)")
    parser.add_argument(
        "--pace", type=float, default=usual.pace_s, help="seconds from one to the next (1)"
    )
    parser.add_argument("--seed", type=int, default=usual.seed, help="which readings, which kills")
    parser.add_argument(
        "--publishers", type=int, default=usual.publishers, help="publishers of the harness (3)"
    )
    parser.add_argument(
        "--gateways", type=int, default=usual.gateways, help="`traceapp publish` processes (2)"
    )
    parser.add_argument(
        "--rate", type=float, default=usual.rate, help="readings a second of each of them (40)"
    )
    parser.add_argument(
        "--readings", type=int, default=usual.readings, help="readings of one sensor (120)"
    )
    parser.add_argument(
        "--ingesters",
        type=int,
        default=usual.ingesters,
        help="how many; of several the last stands by (1)",
    )
    parser.add_argument(
        "--fault", choices=FAULTS, help="one fault that lasts, instead of the kills"
    )
    parser.add_argument("--seconds", type=float, default=20.0, help="how long it lasts (20)")
    parser.add_argument(
        "--control",
        choices=("mosquitto", "amqtt"),
        help="the negative control: publishers trust this broker's PUBACK; losses must be found",
    )
    parser.add_argument(
        "--hurry", action="store_true", help="do not wait five minutes for the last leases"
    )
    parser.add_argument("--folder", type=Path, help="keep logs, journals and the report here")
    return parser


def _tell(sentence: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {sentence}\n")


if __name__ == "__main__":
    sys.exit(main())
