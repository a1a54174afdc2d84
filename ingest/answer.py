"""What publishers are told once a message is settled: acks where asked for, and refusals."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import msgspec

from ingest.record import Outcome

#: One broken list must not become a thousand messages; `GET /rejections` has them all.
_MOST_REPORTS = 10


def answers_of(outcome: Outcome) -> Iterator[tuple[str, bytes]]:
    """The topics and payloads that answer one message (contract §4)."""
    route = outcome.said.route
    if route.site is None:
        return
    if outcome.said.ref is not None:
        sensor = f"/{route.sensor}" if route.sensor else ""
        document = {
            "ref": outcome.said.ref,
            "stored": outcome.stored,
            "repeated": outcome.repeated,
            "refused": len(outcome.refusals),
        }
        yield f"coldchain/v1/{route.site}{sensor}/acks", msgspec.json.encode(document)
    if outcome.refusals:
        sha256 = hashlib.sha256(outcome.said.payload).hexdigest()
    for refusal in outcome.refusals[:_MOST_REPORTS]:
        report = {
            "topic": route.topic,
            "reason": refusal.reason,
            "field": refusal.field,
            "expected": refusal.expected,
            "got": refusal.got,
            "sha256": sha256,
        }
        yield f"coldchain/v1/{route.site}/rejections", msgspec.json.encode(report)
