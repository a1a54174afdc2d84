"""The only speaker of SMTP: one message to one recipient, and whose fault it was if not."""

from __future__ import annotations

import re
import smtplib
import ssl
import time
from email.message import EmailMessage
from threading import Lock
from typing import Any, Self

from config.addresses import MailServerAddress

TIMEOUT_S = 30
#: An idle conversation is ended after so long; servers hang up after some minutes.
KEEP_S = 10.0
#: Exim, which Debian brings, lets what comes after the tenth mail of a conversation lie.
MOST_MAILS = 10
_GOODBYE_S = 1.0


class NotSent(Exception):
    """An e-mail that the server did not take; `is_permanent` when repeating it cannot help.

    `is_servers` when no conversation could be begun: the next e-mail would fare no better.
    """

    def __init__(self, said: str, *, is_permanent: bool = False, is_servers: bool = False) -> None:
        super().__init__(said)
        self.is_permanent = is_permanent
        self.is_servers = is_servers

    @property
    def reason(self) -> str:
        """The first word: a code such as 451, or the name of an error. It names nobody."""
        return re.split(r"\W", str(self), maxsplit=1)[0]


class _Closing:
    """Closes the socket of a conversation that could not begin; smtplib leaves it open."""

    def connect(self, *where: Any, **more: Any) -> Any:
        try:
            return super().connect(*where, **more)  # type: ignore[misc]  # the next in line is SMTP
        except BaseException:
            self.close()  # type: ignore[attr-defined]  # the same
            raise


class _Smtp(_Closing, smtplib.SMTP):
    """A conversation in the clear, or one that STARTTLS will cover."""


class _SmtpTls(_Closing, smtplib.SMTP_SSL):
    """A conversation inside TLS."""


class _Conversation:
    """A connection to the mail server, for one e-mail after the other."""

    def __init__(self, client: smtplib.SMTP) -> None:
        self._client = client
        self._mails = 0
        self.idle_since = time.monotonic()

    @property
    def is_usable(self) -> bool:
        """Whether nobody has hung up, as far as we know, and another e-mail is not too many."""
        return getattr(self._client, "sock", None) is not None and self._mails < MOST_MAILS

    def is_answered(self) -> bool:
        """Whether the server is still there: it may have hung up or restarted meanwhile."""
        try:
            return self._client.noop()[0] == 250
        except (OSError, smtplib.SMTPException):
            return False

    def give(self, message: EmailMessage, sender: str, recipient: str) -> None:
        """Return once the server has answered 250; raise NotSent otherwise."""
        self._mails += 1
        try:
            self._client.send_message(message, sender, [recipient])
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()), (0, b""))
            raise _refused(code, said) from error
        except smtplib.SMTPDataError as error:
            raise _refused(error.smtp_code, error.smtp_error) from error
        except smtplib.SMTPNotSupportedError as error:  # An address that this server cannot spell.
            raise NotSent(_what(error), is_permanent=True) from error
        except smtplib.SMTPSenderRefused as error:  # That is us, and never the recipient's fault.
            self._client.close()
            raise NotSent(str(_refused(error.smtp_code, error.smtp_error))) from error
        except (OSError, smtplib.SMTPException) as error:
            self._client.close()
            raise NotSent(_what(error)) from error
        finally:
            self.idle_since = time.monotonic()

    def end(self) -> None:
        """Say goodbye, and wait for no long answer."""
        try:
            if (sock := getattr(self._client, "sock", None)) is not None:
                sock.settimeout(_GOODBYE_S)
                self._client.quit()
        except (OSError, smtplib.SMTPException):
            pass
        finally:
            self._client.close()


class MailServer:
    """The mail server of `TRACEAPP_SMTP_URL`, for any number of threads at once.

    A conversation is kept for the next e-mail. It is begun anew where the server has hung up.
    """

    def __init__(
        self, address: MailServerAddress, *, timeout_s: float = TIMEOUT_S, keep_s: float = KEEP_S
    ) -> None:
        self._address = address
        self._timeout_s = timeout_s
        self._keep_s = keep_s
        self._idle: list[_Conversation] = []
        self._changing = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()

    def send(self, message: EmailMessage, sender: str, recipient: str) -> None:
        """Give one message to the server; returns once it has answered 250. Raises NotSent.

        No answer in time is no answer: whether the mail left is unknown, and it is repeated.
        """
        conversation = self._kept() or self._begun()
        try:
            conversation.give(message, sender, recipient)
        finally:
            if conversation.is_usable:
                with self._changing:
                    self._idle.append(conversation)
            else:
                conversation.end()

    def hang_up(self, idle_s: float = 0.0) -> None:
        """End the conversations that have been idle for so long; `send` begins new ones."""
        until = time.monotonic() - idle_s
        with self._changing:
            over = [one for one in self._idle if one.idle_since <= until]
            self._idle = [one for one in self._idle if one.idle_since > until]
        for conversation in over:
            conversation.end()

    def hang_up_idle(self) -> None:
        """End the conversations that nobody has needed for some time."""
        self.hang_up(self._keep_s)

    def _kept(self) -> _Conversation | None:
        """The idle conversation that was used last, if the server still answers."""
        while True:
            with self._changing:
                if not self._idle:
                    return None
                conversation = self._idle.pop()
            if conversation.is_answered():
                return conversation
            conversation.end()

    def _begun(self) -> _Conversation:
        """A new conversation, greeted and logged in; raises NotSent."""
        client: smtplib.SMTP | None = None
        try:
            client = self._connected()
            if self._address.username is not None:
                if not self._address.tls:  # A password is never said in the clear.
                    client.starttls(context=ssl.create_default_context())
                client.login(self._address.username, self._address.password or "")
            client.ehlo_or_helo_if_needed()
        except (OSError, smtplib.SMTPException) as error:
            if client is not None:
                client.close()
            raise NotSent(_what(error), is_servers=True) from error
        return _Conversation(client)

    def _connected(self) -> smtplib.SMTP:
        host, port = self._address.host, self._address.port
        if self._address.tls:
            context = ssl.create_default_context()
            return _SmtpTls(host, port, timeout=self._timeout_s, context=context)
        return _Smtp(host, port, timeout=self._timeout_s)


def _refused(code: int, said: bytes | str) -> NotSent:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return NotSent(_one_line(f"{code} {text}"), is_permanent=500 <= code < 600)


def _what(error: Exception) -> str:
    return _one_line(f"{type(error).__name__}: {error}")


def _one_line(text: str) -> str:
    return " ".join(text.replace("\0", " ").split())[:300]
