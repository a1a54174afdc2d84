"""A mail server that takes its time, as real ones do: a sender is often killed while it waits."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from tests.servers.mailbox import Mailbox

_LONGEST_S = 0.08


class SlowMailbox(Mailbox):
    """Waits before it has a mail, and again before it says so."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._dice = random.Random(seed)

    async def handle_DATA(  # noqa: N802 - the name by which aiosmtpd calls it
        self, server: Any, session: Any, envelope: Any
    ) -> str:
        """Remember the mail; a sender that is killed meanwhile never hears of it."""
        await asyncio.sleep(self._dice.uniform(0, _LONGEST_S))
        reply = await super().handle_DATA(server, session, envelope)
        await asyncio.sleep(self._dice.uniform(0, _LONGEST_S))
        return reply
