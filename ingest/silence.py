"""Silences, a few hundred in one transaction: a whole country may fall silent at once."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from datetime import datetime

from traceapp.capture.memory import Memory
from traceapp.capture.silence import find_silent, open_silences
from traceapp.db import Database

#: Readings wait while one transaction opens so many.
MOST_SILENCES = 200


class Silences:
    """Who was found silent and is still to be noticed; `left` says how many.

    Nothing of it need survive: who is silent and was not noticed is found again.
    """

    def __init__(self, database: Database, memory: Memory, most: int = MOST_SILENCES) -> None:
        self._database = database
        self._memory = memory
        self._most = most
        self._found = array("q")

    @property
    def left(self) -> int:
        """How many were found silent and are still to be noticed."""
        return len(self._found)

    def notice(self, now: datetime, is_theirs: Callable[[str], bool] | None) -> int:
        """Open the silences of some who were found silent; returns how many.

        Where nobody is left, it is looked first who is silent now.
        """
        try:
            with self._database.begin() as session:
                found = self._found or find_silent(session, now, self._memory)
                opened = open_silences(session, found[-self._most :], now, is_theirs, self._memory)
        except Exception:
            self._memory.clear()
            self._found = array("q")
            raise
        self._found = found
        del self._found[-self._most :]
        return opened
