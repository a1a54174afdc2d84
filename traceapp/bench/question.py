"""How long questions take, each beside its peer, in milliseconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from traceapp.bench.peer import Recorder, Statement
from traceapp.db import Database


@dataclass(frozen=True, slots=True)
class Asked:
    """One kind of question: how long it took the first time, ours warm, and the bare statements."""

    question: str
    times: int
    first: Sequence[float]
    ours: Sequence[float]
    bare: Sequence[float]
    statements: int
    rows: int


class Asker:
    """Asks a database, and sends the same statements bare."""

    def __init__(self, database: Database, send: Callable[[list[Statement]], int]) -> None:
        self._database, self._send = database, send
        self._recorder = Recorder(database)

    def ask(
        self, question: str, things: Sequence[Any], answer: Callable[[Session, Any], Any]
    ) -> Asked:
        """Ask about each thing three times: once to hear the statements, bare, and ours."""
        first, ours, bare, statements, rows = [], [], [], 0, 0
        for thing in things:
            with self._recorder.listening() as heard:
                first.append(self._answer(answer, thing))
            began = time.perf_counter()
            rows += self._send(heard)
            bare.append((time.perf_counter() - began) * 1_000)
            ours.append(self._answer(answer, thing))
            statements += len(heard)
        return Asked(question, len(things), first, ours, bare, statements, rows)

    def _answer(self, answer: Callable[[Session, Any], Any], thing: Any) -> float:
        began = time.perf_counter()
        with self._database.read() as session:
            answer(session, thing)
        return (time.perf_counter() - began) * 1_000
