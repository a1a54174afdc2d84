"""A mail server that remembers what it was given and can be told to refuse, and to be slow."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Self

from aiosmtpd.controller import Controller

from tests.servers.program import free_port, wait_until


@dataclass(frozen=True)
class Mail:
    """One accepted mail: the envelope as it was spoken, and the message."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage

    @property
    def text(self) -> str:
        """The plain text of the message."""
        part = self.message.get_body(("plain",))
        return str(part.get_content()) if part is not None else ""


class _Server(Controller):
    """A server that hangs up when it stops: a sender may have been killed in mid-sentence."""

    def __init__(self, handler: object, port: int) -> None:
        super().__init__(handler, hostname="127.0.0.1", port=port)
        self._conversations: list[Any] = []

    def factory(self) -> Any:
        """Begin a conversation; aiosmtpd calls this for each connection."""
        conversation: Any = super().factory()  # type: ignore[no-untyped-call]  # aiosmtpd has no types
        self._conversations.append(conversation)
        return conversation

    @property
    def conversations(self) -> int:
        """How many conversations were begun; the first is the controller's own, at its start."""
        return len(self._conversations) - 1

    def stop(self, no_assert: bool = False) -> None:
        """End every conversation, and listen no more."""
        self.hang_up()
        super().stop(no_assert)

    def hang_up(self) -> None:
        """End every conversation without a word; returns when their sockets are closed."""
        asyncio.run_coroutine_threadsafe(self._abort(), self.loop).result()

    async def _abort(self) -> None:
        for conversation in self._conversations:
            if conversation.transport is not None:
                conversation.transport.abort()
        await asyncio.sleep(0)  # In the next round of its loop a transport closes its socket.
        await asyncio.sleep(0)


class Mailbox:
    """An SMTP server on loopback."""

    def __init__(self) -> None:
        self.port = free_port()
        self.mails: list[Mail] = []
        self.attempts = 0
        self._refusal: str | None = None
        self._unknown: set[str] = set()
        self._held: set[str] = set()
        self._released = threading.Event()
        self._controller: Any = None

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def refuse(self, reply: str | None = "451 4.3.0 Try again later") -> None:
        """Answer every mail from now on with this reply; None accepts again."""
        self._refusal = reply

    def refuse_recipient(self, recipient: str) -> None:
        """Know no such user from now on."""
        self._unknown.add(recipient)

    def hold(self, *recipients: str) -> None:
        """Answer nothing about mail to these from now on, until they are released."""
        self._released.clear()
        self._held.update(recipients)

    def release(self) -> None:
        """Answer about the mail to everybody."""
        self._held.clear()
        self._released.set()

    def hang_up(self) -> None:
        """End every conversation without a word."""
        self._controller.hang_up()

    @property
    def conversations(self) -> int:
        """How many conversations were begun since it began to listen."""
        return int(self._controller.conversations)

    def wait_for(self, count: int, seconds: float = 30) -> list[Mail]:
        """Wait until at least so many mails have come, and return all of them."""
        wait_until(lambda: len(self.mails) >= count, f"{count} mails came", seconds)
        return list(self.mails)

    async def handle_RCPT(  # noqa: N802 - the name by which aiosmtpd calls it
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        """Take a recipient whom we know; aiosmtpd calls this in its own thread."""
        if address in self._unknown:
            return "550 5.1.1 No such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - the name by which aiosmtpd calls it
        self, _server: Any, _session: Any, envelope: Any
    ) -> str:
        """Remember the mail, or refuse it; aiosmtpd calls this in its own thread."""
        self.attempts += 1
        if self._held.intersection(envelope.rcpt_tos):
            await asyncio.to_thread(self._released.wait)
        if self._refusal is not None:
            return self._refusal
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.mails.append(Mail(envelope.mail_from, tuple(envelope.rcpt_tos), message))
        return "250 OK"

    def open(self) -> None:
        """Begin to listen, or listen again: it is the same mailbox at the same address."""
        self._controller = _Server(self, self.port)
        self._controller.start()

    def close(self) -> None:
        """Listen no more."""
        self.release()
        self._controller.stop()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
