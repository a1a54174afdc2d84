"""Every page with a document made by hand, drawn without a database behind it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from flask import Flask, g, render_template

from config import Settings
from tests.unit.web import documents
from tests.unit.web.finding_documents import findings
from tests.unit.web.recall_document import recall_report
from tests.unit.web.shipment_document import shipment
from traceapp.access.visitor import Visitor
from traceapp.app import create_app
from traceapp.db import open_database
from traceapp.rules.calendar import CHINA
from traceapp.trace.scope import Scope
from traceapp.web.curve import draw_curve

NAMES = {
    ("site", "4514810001"): ("凭祥市妇幼保健院接种点", "Pingxiang Maternity Clinic"),
    ("site", "4501000001"): ("广西壮族自治区疾控中心", "Guangxi CDC"),
    ("site", "4514000001"): ("崇左市疾控中心", "Chongzuo CDC"),
    ("unit", "PX-FY-01"): ("1号冰箱", "Refrigerator 1"),
    ("unit", "PX-FY-02"): ("2号冰箱", "Refrigerator 2"),
    ("unit", "GX-CDC-COLD-1"): ("1号冷库", "Cold room 1"),
    ("product", "06901234567892"): (
        "新型冠状病毒灭活疫苗（Vero细胞）",
        "COVID-19 vaccine",
    ),
}
_UNIT = {"code": "PX-FY-01", "site": "4514810001", "type": "refrigerator"}
_MAIL = {
    "number": 1,
    "sent_at": documents.at(9.3),
    "sender": "coldchain@example.org",
    "to": "duty@cdc.example",
    "subject": "【温度超标】1号冰箱 17.4 °C",
    "plain": "1号冰箱 …",
    "html": "<p>…</p>",
}
_REJECTION = {
    "last_at": documents.at(1),
    "times": 3,
    "topic": "coldchain/v1/4514810001/45-000017/readings",
    "reason": "invalid",
    "field": "at",
    "expected": "a moment with an offset",
    "got": "<script>alert(1)</script>",
}


def contexts() -> dict[str, dict[str, Any]]:
    """Return what each page is drawn from."""
    curve = draw_curve(documents.series(), CHINA)
    recipient = {"name": "张*", "document": "4514**********1234"}
    dose = {"id": "dose-1", "at": documents.at(26), "site": "4514810001", "recipient": recipient}
    unit = {"series": documents.series(), "curve": curve, "hours": 24, "spans": (6, 24, 168)}
    holding = {"lot": documents.LOT, "expires_on": None, "doses": 800}
    outbox = {"email": "d***@cdc.example", "sent_at": documents.at(9.3), "state": "sent"}
    return {
        "overview": {"overview": documents.overview(), "where": "广西"},
        "unit": {**unit, "unit": _UNIT, "holdings": [holding]},
        "excursion": {
            "excursion": {**documents.excursion(), "mails": [outbox]},
            "impact": documents.impact(),
            "curve": curve,
        },
        "excursion_list": {
            "page": {"items": [documents.excursion()], "next": "x"},
            "state": "",
            "older": "/excursions?cursor=x",
        },
        "lot": {
            "trace": documents.lot_trace(),
            "events": documents.lot_events(),
            "found": findings()["items"],
            "state": documents.lot_trace()["findings"][:1],
            "may_hold": True,
            "is_recalled": False,
            "later": "/lots/06901234567892/L1?cursor=x",
        },
        "lot_events": {"found": documents.lot_events(), "older": None},
        "event_words": {"found": {"id": "e-1", "dose": "dose-1", "description": "发热"}},
        "lot_doses": {"lot": documents.LOT, "page": {"items": [dose]}, "older": None},
        "dose": {
            "trace": documents.dose_trace(),
            "events": documents.lot_events()["items"],
            "may_reveal": True,
        },
        "recall": {"report": recall_report(), "may_act": True},
        "lookup": {"found": [{"kind": "unit", "code": "PX-FY-01", "url": "/units/PX-FY-01"}]},
        "rejection_list": {"page": {"items": [_REJECTION]}, "older": None},
        "shipment": {"shipment": shipment(), "waited": 1_440.0},
        "site": {"stock": documents.stock(), "found": findings()},
        "finding_list": {
            "page": findings(),
            "older": "/findings?cursor=x",
            "table": "/api/v1/findings?format=csv",
        },
        "mailbox": {"mails": [_MAIL]},
        "mail": {"mail": _MAIL},
        "sign_in": {"link": "", "next": "/", "is_refused": True},
    }


def make_app() -> Flask:
    """Return an application whose database is never opened."""
    settings = Settings(secret_key_given="a secret of the tests, long enough")
    return create_app(settings, open_database("sqlite://"), clock=lambda: documents.at(24))


@contextmanager
def signed_in(app: Flask, language: str, path: str = "/") -> Generator[None, None, None]:
    """Stand before the application as an administrator who reads a language."""
    with app.test_request_context(path, headers={"Cookie": f"language={language}"}):
        g.visitor = Visitor(1, "admin", "admin", Scope(), session_digest="0" * 64)
        g.names = NAMES
        g.units_reached = {code for kind, code in NAMES if kind == "unit"}
        yield


def draw(app: Flask, page: str, language: str) -> str:
    """Draw one page from its document made by hand."""
    with signed_in(app, language):
        return render_template(f"pages/{page}.html", **contexts()[page])
