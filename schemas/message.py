"""What goes over MQTT beside readings and movements: limits, our answers, why we refuse."""

from __future__ import annotations

from marshmallow import fields

from schemas.document import Document
from schemas.fields import Choice, Code, Text, Whole

#: The longest payload that the line takes (contract §4), in bytes.
MAX_PAYLOAD_BYTES = 256 * 1024
#: The longest `ref` by which a publisher knows its message again, in characters.
MAX_REF = 64
STATUSES = ("online", "offline")

#: Every reason for which something is refused, and what whoever sent it can do about it.
REASONS: dict[str, str] = {
    "not_json": "The payload is no JSON text in UTF-8 (NaN is none). Mend the publisher.",
    "invalid": "A field is missing or has another value than the one expected. Mend the publisher.",
    "unknown_field": "A field that the contract does not know. Leave it out, or spell it right.",
    "too_large": "The payload is longer than 256 KiB. Send it in parts.",
    "too_many": "More than 1,000 items in one message. Send them in parts.",
    "unknown_topic": "No topic of ours, or a level too many or too few. Mend the topic.",
    "invalid_topic": "The site or the sensor in the topic is no code. Mend the topic.",
    "future": "Its moment is more than 24 hours ahead of its arrival. Set the device's clock.",
    "conflict": "The same reading or id came before with other content; the first one stands. "
    "Find out which is right: two devices with one code, or an id used twice.",
    "unknown_unit": "The movement names a unit that nobody registered. Register it, send again.",
    "unknown_site": "The movement names a site that nobody registered. Register it, send again.",
    "not_the_reporter": "The topic's site is not the one whose business the movement is. "
    "Let the right site report it, or mend the topic.",
    "database_refused": "The database takes no such content, though the contract does. "
    "Tell us: that is an error of ours.",
    "unforeseen": "Recording it failed for a reason that nobody foresaw. "
    "Tell us: that is an error of ours.",
}


class AckSchema(Document):
    """What became of a message that carried a `ref`, told once it is committed."""

    ref = fields.String(required=True, metadata={"maxLength": MAX_REF})
    stored = Whole(0, required=True)
    repeated = Whole(0, required=True)
    refused = Whole(0, required=True)


class RejectionReportSchema(Document):
    """That a message, or one item of it, was refused; `sha256` is that of the whole payload."""

    topic = Text(512, required=True)
    reason = Choice(*REASONS, required=True)
    field = fields.String(required=True)
    expected = fields.String(required=True)
    got = fields.String(required=True)
    sha256 = Code(required=True)
