"""`make fuzz ARGS="--messages 1000000"`: what the test does, for as long as one likes."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.servers.fixtures import process_environ
from tests.servers.mailbox import Mailbox
from tests.servers.mosquitto import Mosquitto
from tests.servers.postgresql import PostgreSQL
from tests.servers.program import Program
from tests.system.fuzz.run import Result, run_fuzz
from tests.system.installation import Installation, prepare


def main() -> int:
    """Run and tell; 0 when every message is accounted for."""
    parser = argparse.ArgumentParser(prog="make fuzz ARGS=…", description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000, metavar="N")
    parser.add_argument("--seed", type=int, default=1, help="the same seed, the same messages")
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    told = parser.parse_args()
    kinds = ["sqlite", "postgresql"] if told.database == "both" else [told.database]
    is_right = True
    for kind in kinds:
        with _installation(kind) as installation:
            result = run_fuzz(installation, told.seed, told.messages, _Progress(told.messages))
        _tell(kind, result)
        is_right = is_right and result.account.is_right
    return 0 if is_right else 1


class _Progress:
    """One line on a terminal that says how far it is."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._began = time.monotonic()

    def __call__(self, sent: int) -> None:
        if sys.stderr.isatty() or sent % 50_000 == 0:
            rate = sent / (time.monotonic() - self._began)
            end = "\r" if sys.stderr.isatty() else "\n"
            sys.stderr.write(f"{sent:,} of {self._number:,} sent, {rate:,.0f} a second{end}")


def _tell(kind: str, result: Result) -> None:
    account, kept = result.account, result.kept
    conflicts = result.figures.get('ingest_rejections_total{reason="conflict"}', 0)
    repeated = result.figures.get('ingest_items_total{outcome="repeated"}', 0)
    lines = [
        f"{kind}: {account.sent:,} messages in {result.seconds:,.0f} s, the ingester never ended",
        f"  items in them            {account.items:>12,}",
        f"  readings stored          {len(kept.readings):>12,}",
        f"  movements stored         {len(kept.movements):>12,}",
        f"  repeated                 {int(repeated):>12,}",
        f"  in conflict              {int(conflicts):>12,}",
        f"  refused and kept         {kept.times_refused:>12,} as {len(kept.refused):,}",
        *(f"    {reason:<22} {number:>12,}" for reason, number in kept.reasons.most_common()),
        f"  lost                     {len(account.lost):>12,}",
        *(f"    {message!r:.300}" for message in account.lost[:10]),
        *(f"  WRONG: {difference}" for difference in account.differences),
    ]
    print("\n".join(lines))  # noqa: T201 - this is what the command is for


@contextmanager
def _installation(kind: str) -> Generator[Installation, None, None]:
    """A database, a broker, and an ingester that ends with us."""
    with ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory(prefix="traceapp-"))
        folder = Path(name)
        programs: list[Program] = []

        def run(arguments: Sequence[str], environ: Mapping[str, str], ready: str = "") -> Program:
            log = folder / f"process-{len(programs)}.log"
            whole = process_environ(environ)
            program = Program([sys.executable, *arguments], log=log, environ=whole, folder=folder)
            programs.append(program)
            stack.callback(program.stop)
            return program

        if kind == "sqlite":
            url = f"sqlite:///{folder / 'traceapp.db'}"
        else:
            if os.geteuid() == 0:
                folder.chmod(0o755)  # Root's server runs as nobody, who must get in.
            server = PostgreSQL(folder)
            stack.callback(server.stop)
            server.start()
            url = server.url(server.create_database())
        broker = Mosquitto(folder, is_persistent=False)
        stack.callback(broker.stop)
        broker.start()
        mailbox = stack.enter_context(Mailbox())
        yield Installation(run, folder, url, prepare(url, folder), broker, mailbox)


if __name__ == "__main__":
    sys.exit(main())
