"""A conversation with the mail server is kept for the next e-mail, and begun anew where need be."""

from __future__ import annotations

from collections.abc import Generator
from email.message import EmailMessage

import pytest

from config.addresses import MailServerAddress
from tests.integration.alerts.conftest import server_of
from tests.servers.mailbox import Mailbox
from traceapp.alerts.smtp import MOST_MAILS, MailServer, NotSent


@pytest.fixture
def server(mailbox: Mailbox) -> Generator[MailServer, None, None]:
    with server_of(mailbox) as opened:
        yield opened


def send(server: MailServer, recipient: str = "a@example.org") -> None:
    message = EmailMessage()
    message["To"] = recipient
    message.set_content("1号冰箱")
    server.send(message, "b@example.org", recipient)


def test_a_conversation_is_kept_for_the_next_e_mail_but_not_for_too_many(
    server: MailServer, mailbox: Mailbox
) -> None:
    for _ in range(MOST_MAILS):
        send(server)
    assert mailbox.conversations == 1
    send(server)
    assert mailbox.conversations == 2
    assert len(mailbox.mails) == MOST_MAILS + 1


def test_a_refused_e_mail_costs_no_conversation(server: MailServer, mailbox: Mailbox) -> None:
    mailbox.refuse_recipient("unknown@example.org")
    with pytest.raises(NotSent, match="550") as refused:
        send(server, "unknown@example.org")
    assert (refused.value.is_permanent, refused.value.is_servers) == (True, False)
    send(server)
    assert (len(mailbox.mails), mailbox.conversations) == (1, 1)


def test_a_server_that_hung_up_meanwhile_is_called_again(
    server: MailServer, mailbox: Mailbox
) -> None:
    send(server)
    mailbox.hang_up()
    send(server)
    assert (len(mailbox.mails), mailbox.conversations) == (2, 2)


def test_a_server_that_was_restarted_meanwhile_is_called_again(
    server: MailServer, mailbox: Mailbox
) -> None:
    send(server)
    mailbox.close()
    with pytest.raises(NotSent) as away:
        send(server)
    assert away.value.is_servers
    mailbox.open()
    send(server)
    assert len(mailbox.mails) == 2


def test_a_server_that_is_full_for_now_is_left_and_called_again(
    server: MailServer, mailbox: Mailbox
) -> None:
    mailbox.refuse("421 4.3.2 Service shutting down")
    with pytest.raises(NotSent, match="421") as refused:
        send(server)
    assert not refused.value.is_permanent
    mailbox.refuse(None)
    send(server)
    assert (len(mailbox.mails), mailbox.conversations) == (1, 2)


def test_a_server_that_says_nothing_to_one_e_mail_is_not_taken_for_away(mailbox: Mailbox) -> None:
    with server_of(mailbox, timeout_s=0.5) as server:
        mailbox.hold("slow@example.org")
        with pytest.raises(NotSent, match=r"TimeoutError|Disconnected") as late:
            send(server, "slow@example.org")
        assert (late.value.is_permanent, late.value.is_servers) == (False, False)
        mailbox.release()


def test_what_nobody_has_needed_for_long_is_ended(mailbox: Mailbox) -> None:
    address = MailServerAddress.of(mailbox.url)
    with MailServer(address, keep_s=3600) as patient, MailServer(address, keep_s=0) as other:
        for server in (patient, other):
            send(server)
            server.hang_up_idle()
            send(server)
    assert mailbox.conversations == 1 + 2
