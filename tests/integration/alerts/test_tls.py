"""E-mail over TLS, with a password that only a trusted server hears."""

from __future__ import annotations

import ssl
from collections.abc import Generator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from config.addresses import MailServerAddress
from tests.servers.certificate import Certificate, make_certificate
from tests.servers.program import free_port
from traceapp.alerts.smtp import MailServer, NotSent

# aiosmtpd sees only the TLS that STARTTLS began; this conversation is inside TLS from its start.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


class Server:
    """A mail server inside TLS that takes mail from those who know the password."""

    def __init__(self, certificate: Certificate) -> None:
        self.came: list[Any] = []
        self.heard: list[Any] = []
        self.port = free_port()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.certificate, certificate.key)
        self.controller = Controller(
            self,
            hostname="127.0.0.1",
            port=self.port,
            ssl_context=context,
            authenticator=self._check,
            auth_required=True,
            auth_require_tls=False,
        )

    def _check(self, *asked: Any) -> AuthResult:
        login = asked[-1]
        self.heard.append(login)
        return AuthResult(success=(login.login, login.password) == (b"user", b"pass word"))

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - the name by which aiosmtpd calls it
        self.came.append(envelope)
        return "250 OK"


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return make_certificate(tmp_path)


@pytest.fixture
def server(
    certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> Generator[Server, None, None]:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.certificate))
    running = Server(certificate)
    running.controller.start()
    yield running
    running.controller.stop()


def send(port: int, password: str) -> None:
    message = EmailMessage()
    message["To"] = "a@example.org"
    message.set_content("1号冰箱")
    address = MailServerAddress.of(f"smtps://user:{password}@127.0.0.1:{port}")
    with MailServer(address, timeout_s=5) as mailer:
        mailer.send(message, "b@example.org", "a@example.org")


def test_a_trusted_server_takes_the_e_mail_from_those_who_know_the_password(
    server: Server,
) -> None:
    send(server.port, "pass%20word")
    assert [envelope.rcpt_tos for envelope in server.came] == [["a@example.org"]]


def test_a_wrong_password_is_the_servers_trouble_and_not_the_recipients(server: Server) -> None:
    with pytest.raises(NotSent) as refused:
        send(server.port, "wrong")
    assert (refused.value.is_servers, refused.value.is_permanent) == (True, False)
    assert "wrong" not in str(refused.value)


def test_a_server_whom_nobody_vouches_for_hears_no_password(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(NotSent, match="certificate verify failed"):
        send(server.port, "pass%20word")
    assert server.heard == []
