"""A run: start everything, publish, kill, let it come to rest, and compare."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from tests.chaos.checker import Verdict, check
from tests.chaos.fault import Fault
from tests.chaos.gateway import Gateway
from tests.chaos.parts import Part, Parts
from tests.chaos.plan import Plan, registry
from tests.chaos.snapshot import fed_lines, promises_of, record_of, scene_of
from tests.servers.mailbox import Mailbox
from tests.servers.program import Program

#: How often a part is chosen; publishers and gateways share theirs.
_WEIGHTS = {"broker": 2.0, "database": 2.0, "ingester": 2.5, "alerts": 1.5, "publisher": 1.0}
_LINK = re.compile(r"/excursions/(\d+)")
_STEP_S = 0.2
#: So many of the kills hit a line that has just answered; the others come while it recovers.
_AT_WORK = 0.5
_LONGEST_WAIT_S = 15.0
_WRITTEN = ("reading", "conflict", "rejection", "excursion", "run", "outbox")
_WAITING_MAILS = "outbox WHERE sent_at IS NULL AND given_up_at IS NULL"
_OPEN_SILENCES = "excursion WHERE rule = 'silence' AND state = 'open'"
_SPOKE_AND_FELL_SILENT = (
    "sensor WHERE silence_s IS NULL AND code LIKE '%-d' "
    "AND EXISTS (SELECT 1 FROM reading WHERE sensor_id = sensor.id)"
)


@dataclass
class Outcome:
    """What a run was and what came of it."""

    plan: Plan
    kills: dict[str, int]
    own_ends: dict[str, int]
    seconds: float
    verdict: Verdict
    said: list[str] = field(default_factory=list)
    """In a fault: what /readyz said."""
    metrics: dict[str, str] = field(default_factory=dict)


class Run:
    """One run in one folder, which is left as it is for whoever wants to look."""

    def __init__(
        self, plan: Plan, folder: Path, mailbox: Mailbox, tell: Callable[[str], None]
    ) -> None:
        self.plan = plan.started(datetime.now(UTC))
        self.folder = folder
        folder.chmod(0o711)  # Root's PostgreSQL runs as nobody and must reach its own below.
        self._mailbox, self._tell = mailbox, tell
        self._parts = Parts(folder, plan, mailbox.url)
        names = plan.sources
        self._publishers = [
            Part(name, lambda name=name: self._publisher(name))  # type: ignore[misc]  # mypy cannot type a default
            for name in names
            if name.startswith("P")
        ]
        self._gateways = [
            Gateway(name, self.plan, self._parts) for name in names if name.startswith("G")
        ]
        self._fault = Fault(plan.fault, self._parts, mailbox) if plan.fault else None
        self._dice = random.Random(plan.seed)
        # A program ends with the thread that started it, so these threads stay until the end.
        self._pool = ThreadPoolExecutor(16)
        self._restarts: list[Future[None]] = []

    def go(self) -> Outcome:
        """Do all of it; whatever happens, nothing is left running."""
        began = time.monotonic()
        try:
            self._start()
            self._disturb()
            self._finish()
            self._come_to_rest()
            verdict = self._compare()
        finally:
            self._stop()
        everybody = [*self._parts.all, *self._publishers, *self._gateways]
        kills = {part.name: part.kills for part in everybody}
        own_ends = {part.name: part.own_ends for part in everybody}
        outcome = Outcome(self.plan, kills, own_ends, time.monotonic() - began, verdict)
        if self._fault is not None:
            outcome.said, outcome.metrics = self._fault.said, self._fault.figures
        return outcome

    # ---- the beginning

    def _start(self) -> None:
        parts = self._parts
        self.plan.save(self.folder)
        self._in_pool(parts.database.start)
        parts.database.create()
        (self.folder / "registry.jsonl").write_text(registry(self.plan), encoding="utf-8")
        self._in_pool(lambda: parts.command("db", "upgrade"))
        self._in_pool(lambda: parts.command("registry", "load", f"{self.folder}/registry.jsonl"))
        for part in [parts.broker, *parts.ingesters, parts.alerts]:
            self._in_pool(part.start)
        # Before the first subscription stands, a broker keeps nothing for anybody.
        self._wait(self._all_is_heard, "every partition is heard")
        for part in [*self._publishers, *self._gateways]:
            self._in_pool(part.start)
        for gateway in self._gateways:
            gateway.feed()

    def _all_is_heard(self) -> bool:
        logs = [self.folder / f"{ingester.name}.log" for ingester in self._parts.ingesters]
        connected = sum('"connected"' in log.read_text() for log in logs)
        return connected >= max(self.plan.ingesters - 1, 1)

    def _in_pool(self, action: Callable[[], None]) -> None:
        self._pool.submit(action).result()

    def _publisher(self, name: str) -> Program:
        arguments = ["-m", "tests.chaos.publisher", str(self.folder), name, str(self._parts.port)]
        return self._parts.run(arguments, f"publisher-{name}")

    # ---- the kills

    def _disturb(self) -> None:
        """Kill again and again, or let one fault last."""
        if self._fault is None:
            self._kill_for_a_while()
            return
        self._in_pool(self._parts.web.start)
        self._pool.submit(self._fault.last, self.plan.fault_s, self._revive).result()
        for said in self._fault.said:
            self._tell(said)

    def _kill_for_a_while(self) -> None:
        done = 0
        while done < self.plan.kills:
            time.sleep(self._dice.uniform(0.5, 1.5) * self.plan.pace_s)
            if self._dice.random() < _AT_WORK:
                self._wait_for_an_answer()
            self._revive()
            victim = self._choose()
            if victim is None:
                continue
            self._restarts.append(self._pool.submit(victim.kill))
            done += 1
            if done % 25 == 0:
                self._tell(f"{done} kills; {self._say_progress()}")

    def _wait_for_an_answer(self) -> None:
        """Wait until the whole line has worked since the last kill, though not for ever."""
        before, deadline = self._answers(), time.monotonic() + _LONGEST_WAIT_S
        while self._answers() == before and time.monotonic() < deadline:
            self._revive()
            time.sleep(_STEP_S)

    def _answers(self) -> int:
        """How much the journals of answers have grown to; a PUBACK is no answer of the line."""
        if self.plan.trusts_puback:
            return (self._written() or [0])[0]
        return sum(path.stat().st_size for path in self.folder.glob("journal-*"))

    def _choose(self) -> Part | None:
        """A part that is up; one that is being started is left to it."""
        groups: dict[str, Sequence[Part]] = {
            "broker": [self._parts.broker],
            "database": [self._parts.database],
            "ingester": self._parts.ingesters,
            "alerts": [self._parts.alerts],
            "publisher": [*self._publishers, *self._gateways],
        }
        name = self._dice.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
        victim = self._dice.choice(groups[name])
        return victim if victim.is_up else None

    def _revive(self) -> None:
        """Start again what has ended by itself, and fail if a restart has failed."""
        for restart in [each for each in self._restarts if each.done()]:
            restart.result()
            self._restarts.remove(restart)
        supervised = [*self._parts.ingesters, self._parts.alerts, self._parts.web, *self._gateways]
        if self._fault is not None and not self._fault.is_on:
            supervised.append(self._parts.database)  # It may have ended for want of room.
        for part in supervised:
            if part.has_ended:
                self._restarts.append(self._pool.submit(part.revive))

    # ---- the end

    def _finish(self) -> None:
        """Let publishers come to the end of what they have begun, with nobody killed any more."""
        (self.folder / "finish").touch()
        for gateway in self._gateways:
            gateway.is_finishing.set()
        self._tell(f"{self.plan.kills} kills are done; {self._say_progress()}")
        self._wait(lambda: all(each.has_ended for each in self._publishers), "publishers are done")
        self._wait(lambda: all(each.is_drained for each in self._gateways), "gateways are drained")

    def _come_to_rest(self) -> None:
        """Wait until nothing changes any more, and the clock has noticed every silence."""
        self._wait(self._is_steady, "nothing comes any more")
        for ingester in self._parts.ingesters:
            ingester.stop()
            self._in_pool(ingester.start)
        self._wait(self._is_silence_noticed, "every silence is noticed")
        if self.plan.is_hurried:
            self._run_sql("UPDATE outbox SET claimed_until = NULL WHERE sent_at IS NULL")
        self._tell("Waiting for the last e-mails; one that a killed sender held takes 5 minutes.")
        self._wait(lambda: self._ask(_WAITING_MAILS) == 0, "every e-mail has left")
        self._wait(self._is_steady, "nothing comes any more")

    def _is_steady(self) -> bool:
        """Nothing was written for some seconds."""
        before = self._written()
        time.sleep(self.plan.settle_s)
        self._revive()
        return before is not None and before == self._written()

    def _written(self) -> list[int] | None:
        try:
            return [self._ask(table) for table in _WRITTEN]
        except psycopg.OperationalError:
            return None

    def _is_silence_noticed(self) -> bool:
        try:
            return self._ask(_SPOKE_AND_FELL_SILENT) == self._ask(_OPEN_SILENCES)
        except psycopg.OperationalError:
            return False

    def _compare(self) -> Verdict:
        scene = scene_of(self.plan, datetime.now(UTC))
        fed = {g.name: fed_lines(self.plan, g.name, g.waves_fed) for g in self._gateways}
        promises = promises_of(self.plan, self.folder, fed)
        return check(scene, promises, record_of(self._parts.database.url, self._mails()))

    def _mails(self) -> list[tuple[int, str]]:
        mails = []
        for mail in self._mailbox.mails:
            link = _LINK.search(mail.text)
            mails.append((int(link[1]) if link else -1, mail.recipients[0]))
        return mails

    def _stop(self) -> None:
        everybody = [*self._publishers, *self._gateways, *reversed(self._parts.all)]
        for part in [self._parts.web, *everybody]:
            part.stop()
        self._pool.shutdown()

    # ---- asking

    def _wait(self, is_so: Callable[[], bool], what: str) -> None:
        """Wait long; what has not come by then is for the checker to tell."""
        deadline = time.monotonic() + self.plan.patience_s
        while not is_so():
            self._revive()
            if time.monotonic() > deadline:
                self._tell(f"{self.plan.patience_s:.0f} s passed before {what}.")
                return
            time.sleep(_STEP_S)

    def _ask(self, what: str) -> int:
        with psycopg.connect(self._parts.database.url.replace("+psycopg", "")) as session:
            row = session.execute(f"SELECT count(*) FROM {what}".encode()).fetchone()
        return int(row[0]) if row else 0

    def _run_sql(self, statement: str) -> None:
        with psycopg.connect(self._parts.database.url.replace("+psycopg", "")) as session:
            session.execute(statement.encode())

    def _say_progress(self) -> str:
        try:
            return f"{self._ask('reading')} readings stored, {len(self._mailbox.mails)} e-mails"
        except psycopg.OperationalError:
            return "the database is away"
