"""One attempt to send one e-mail: composed, given to the server, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from typing import Literal, Protocol

from traceapp.alerts.compose import compose
from traceapp.alerts.kind import Draft
from traceapp.alerts.outbox import Claim
from traceapp.alerts.smtp import NotSent
from traceapp.log import where
from traceapp.models.outbox import WITHDRAWN


class Mailer(Protocol):
    """The edge to the mail server; several threads may send at once."""

    def send(self, message: EmailMessage, sender: str, recipient: str) -> None:
        """Return once the server has taken the message, raise NotSent otherwise."""

    def hang_up(self) -> None:
        """End the conversations that are idle."""

    def hang_up_idle(self) -> None:
        """End the conversations that have been idle for long."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt, what was said, and its first word, which names nobody.

    An e-mail is `sent`, `withdrawn`, `refused` for good, to be tried again `later`, `mistaken` by
    us and to be tried again too, or `lost` to another sender: our lease was over before we began.
    """

    kind: Literal["sent", "withdrawn", "refused", "later", "mistaken", "lost"]
    said: str = ""
    reason: str = ""
    is_servers: bool = False


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What is the same of every e-mail: from whom, and where its links lead."""

    mail_from: str
    base_url: str


def attempt(
    claimed: Claim,
    draft: Draft | None,
    head: Letterhead,
    mailer: Mailer,
    clock: Callable[[], datetime],
) -> Outcome:
    """Send one e-mail; whatever goes wrong with it is its outcome, and holds up no other."""
    if draft is None:
        return Outcome("withdrawn", WITHDRAWN, WITHDRAWN)
    try:
        message = _composed(claimed, draft, head, clock())
    except ValueError as error:
        return Outcome("refused", said := f"ValueError at {where(error)}", said)
    except Exception as error:  # noqa: BLE001 - a mistake of ours about one e-mail costs that one
        return mistaken(error)
    if clock() >= claimed.until:
        return Outcome("lost")
    try:
        mailer.send(message, head.mail_from, claimed.email)
    except NotSent as error:
        kind: Literal["refused", "later"] = "refused" if error.is_permanent else "later"
        return Outcome(kind, str(error), error.reason, error.is_servers)
    return Outcome("sent")


def mistaken(error: Exception) -> Outcome:
    """The outcome of a mistake of ours: it is tried again, since a newer version may be right."""
    return Outcome("mistaken", said := f"{type(error).__name__} at {where(error)}", said)


def _composed(claimed: Claim, draft: Draft, head: Letterhead, now: datetime) -> EmailMessage:
    return compose(
        draft(),
        claimed.email,
        claimed.language,
        sender=head.mail_from,
        base_url=head.base_url,
        now=now,
    )
