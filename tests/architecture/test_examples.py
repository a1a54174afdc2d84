"""The examples of the pages are taken by the code that they are about."""

from __future__ import annotations

import json
import re

import pytest

from ingest.decode import decode
from schemas.message import AckSchema, RejectionReportSchema
from tests.architecture.sources import ROOT

_PAGE = (ROOT / "docs" / "mqtt.md").read_text("utf-8")
_EXAMPLES = re.findall(r"^```\n(coldchain/v1/\S+)\n(.*?)^```", _PAGE, re.MULTILINE | re.DOTALL)
_ANSWERS = {"acks": AckSchema(), "rejections": RejectionReportSchema()}


@pytest.mark.parametrize(("topic", "payload"), _EXAMPLES)
def test_every_message_in_the_page_about_mqtt_is_a_good_one(topic: str, payload: str) -> None:
    said = decode(topic.encode(), payload.encode())
    assert said.rejected == []
    if said.is_ours:
        assert _ANSWERS[topic.rsplit("/", 1)[-1]].validate(json.loads(payload)) == {}
    else:
        assert said.readings or said.movements


def test_the_page_about_mqtt_has_examples() -> None:
    assert len(_EXAMPLES) == 8
