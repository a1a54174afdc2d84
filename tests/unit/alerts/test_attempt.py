"""What comes of an attempt to send one e-mail."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from functools import partial

from tests.unit.alerts.test_compose import FACTS, NOW
from traceapp.alerts.attempt import Letterhead, Outcome, attempt
from traceapp.alerts.excursion_wording import excursion_letter
from traceapp.alerts.outbox import Claim
from traceapp.alerts.smtp import NotSent
from traceapp.models.outbox import EXCURSION
from traceapp.trace.alert import ExcursionFacts

CLAIMED = Claim(
    1, EXCURSION, FACTS.excursion_id, 0, "duty@cdc.example", "zh", 1, NOW + timedelta(minutes=2)
)
HEAD = Letterhead("coldchain@example.org", "https://trace.example.org")


class Mailer:
    """A mail server that answers what it is told to, and remembers what it was asked."""

    def __init__(self, answer: NotSent | None = None) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def send(self, message: EmailMessage, sender: str, recipient: str) -> None:
        self.asked.append(recipient)
        if self.answer is not None:
            raise self.answer

    def hang_up(self) -> None:
        """There is no conversation."""

    def hang_up_idle(self) -> None:
        """There is no conversation."""


def outcome(
    mailer: Mailer,
    claimed: Claim = CLAIMED,
    facts: ExcursionFacts | None = FACTS,
    now: datetime = NOW,
) -> Outcome:
    draft = None if facts is None else partial(excursion_letter, facts)
    return attempt(claimed, draft, HEAD, mailer, lambda: now)


def test_an_e_mail_that_the_server_took_is_sent() -> None:
    assert outcome(Mailer()) == Outcome("sent")


def test_an_e_mail_whose_lease_was_over_before_it_began_is_left_to_others() -> None:
    mailer = Mailer()
    assert outcome(mailer, now=CLAIMED.until - timedelta(microseconds=1)).kind == "sent"
    assert outcome(mailer, now=CLAIMED.until).kind == "lost"
    assert len(mailer.asked) == 1


def test_a_refusal_is_for_good_or_for_now_as_the_server_says() -> None:
    later = outcome(Mailer(NotSent("451 later")))
    assert later == Outcome("later", "451 later", "451")
    refused = outcome(Mailer(NotSent("550 no such user", is_permanent=True)))
    assert refused == Outcome("refused", "550 no such user", "550")
    away = outcome(Mailer(NotSent("TimeoutError: timed out", is_servers=True)))
    assert away == Outcome("later", "TimeoutError: timed out", "TimeoutError", is_servers=True)


def test_an_address_that_is_none_is_refused_and_named_nowhere() -> None:
    mailer = Mailer()
    bad = outcome(mailer, replace(CLAIMED, email="a@b\r\nBcc: c@d"))
    assert bad.kind == "refused"
    assert "c@d" not in bad.said
    assert mailer.asked == []


def test_of_what_nothing_is_to_be_said_any_more_nothing_is_sent() -> None:
    mailer = Mailer()
    assert outcome(mailer, facts=None).kind == "withdrawn"
    assert mailer.asked == []


def test_a_mistake_of_ours_is_an_outcome_and_no_end_of_the_sender() -> None:
    end_of_days = replace(FACTS, started_at=datetime.max.replace(tzinfo=UTC))
    mistaken = outcome(Mailer(), facts=end_of_days)
    assert mistaken.kind == "mistaken"
    assert mistaken.said.startswith("OverflowError at ")
