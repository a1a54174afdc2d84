"""The only speaker of SMTP: one message to one recipient, and whose fault it was if not."""

from __future__ import annotations

import re
import smtplib
import ssl
from email.message import EmailMessage
from typing import Any, Self

from config.addresses import MailServerAddress

TIMEOUT_S = 30


class NotSent(Exception):
    """An e-mail that the server did not take; `is_permanent` when repeating it cannot help.

    `is_servers` when the trouble is the server itself: the next e-mail would fare no better.
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


class MailServer:
    """A conversation with the mail server of `TRACEAPP_SMTP_URL`, opened when first needed."""

    def __init__(self, address: MailServerAddress, *, timeout_s: float = TIMEOUT_S) -> None:
        self._address = address
        self._timeout_s = timeout_s
        self._client: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()

    def send(self, message: EmailMessage, sender: str, recipient: str) -> None:
        """Give one message to the server; returns once it has answered 250. Raises NotSent.

        No answer in time is no answer: whether the mail left is unknown, and it is repeated.
        """
        try:
            client = self._open()
        except (OSError, smtplib.SMTPException) as error:
            self.hang_up()
            raise NotSent(_what(error), is_servers=True) from error
        try:
            client.send_message(message, sender, [recipient])
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()), (0, b""))
            raise _refused(code, said) from error
        except smtplib.SMTPDataError as error:
            raise _refused(error.smtp_code, error.smtp_error) from error
        except smtplib.SMTPNotSupportedError as error:  # An address that this server cannot spell.
            raise NotSent(_what(error), is_permanent=True) from error
        except (OSError, smtplib.SMTPException) as error:
            self.hang_up()
            raise NotSent(_what(error), is_servers=True) from error

    def hang_up(self) -> None:
        """End the conversation; the next `send` begins a new one."""
        client, self._client = self._client, None
        if client is not None:
            try:
                client.quit()
            except (OSError, smtplib.SMTPException):
                client.close()

    def _open(self) -> smtplib.SMTP:
        if self._client is not None:
            return self._client
        host, port = self._address.host, self._address.port
        if self._address.tls:
            context = ssl.create_default_context()
            client: smtplib.SMTP = _SmtpTls(host, port, timeout=self._timeout_s, context=context)
        else:
            client = _Smtp(host, port, timeout=self._timeout_s)
        self._client = client
        if self._address.username is not None:
            if not self._address.tls:  # A password is never said in the clear.
                client.starttls(context=ssl.create_default_context())
            client.login(self._address.username, self._address.password or "")
        return client


def _refused(code: int, said: bytes | str) -> NotSent:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return NotSent(_one_line(f"{code} {text}"), is_permanent=500 <= code < 600)


def _what(error: Exception) -> str:
    return _one_line(f"{type(error).__name__}: {error}")


def _one_line(text: str) -> str:
    return " ".join(text.replace("\0", " ").split())[:300]
