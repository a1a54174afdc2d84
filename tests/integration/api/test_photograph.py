"""A photograph of a pack, over HTTP and from the look-up page."""

from __future__ import annotations

import io
import re
from threading import BoundedSemaphore
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from tests.integration.api.scene import GTIN, NUMBER, dose
from tests.integration.door import Door
from traceapp.rules import symbol
from traceapp.rules.code import read_code
from traceapp.rules.symbol import MAX_IMAGE_BYTES, draw_label, label_png

LABEL = f"(01){GTIN}(17)220501(10){NUMBER}(21)AB1"


def photograph(*codes: str, kind: str = "PNG") -> bytes:
    """Return a picture of labels, one below the other, askew on grey."""
    drawn = [Image.open(io.BytesIO(label_png(draw_label(read_code(code)[0])))) for code in codes]
    picture = Image.new("L", (900, 400 * len(drawn)), 200)
    for number, one in enumerate(drawn):
        turned = one.rotate(7 + number, expand=True, fillcolor=200)
        picture.paste(turned, (60, 400 * number + 40))
    written = io.BytesIO()
    picture.save(written, kind)
    return written.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_photograph_answers_as_the_code_would(admin: FlaskClient, kind: str) -> None:
    admin.post("/api/v1/doses", json=dose("d2", dose_number=2, pack="AB1"))
    answer = admin.post(
        "/api/v1/trace", data=photograph(LABEL, kind=kind), content_type=f"image/{kind.lower()}"
    )
    assert answer.status_code == 200, answer.text
    body = answer.get_json()
    typed = admin.post("/api/v1/trace", json={"code": LABEL}).get_json()
    assert {one["url"] for one in body["items"]} == {one["url"] for one in typed["items"]}
    assert {"/doses/d2", f"/lots/{GTIN}/{NUMBER}"} <= {one["url"] for one in body["items"]}
    assert [one["serial"] for one in body["meanings"]] == ["AB1"]
    [text] = body["symbols"]
    assert text.startswith("]d2")


def test_every_symbol_of_a_photograph_is_read_from_top_to_bottom(admin: FlaskClient) -> None:
    picture = photograph("81234567890123456789", LABEL, "(00)123456789012345675")
    answer = admin.post("/api/v1/trace", data=picture, content_type="image/png").get_json()
    schemes = [one["scheme"] for one in answer["meanings"]]
    assert schemes == ["trace_code", "element_string", "element_string"]
    assert len(answer["symbols"]) == 3


def bomb(width: int, height: int) -> bytes:
    """Return a small file that unpacks to many pixels."""
    written = io.BytesIO()
    Image.new("1", (width, height)).save(written, "PNG")
    return written.getvalue()


def test_what_is_no_photograph_is_a_problem_that_says_why(admin: FlaskClient) -> None:
    whole = photograph(LABEL)
    for body in (b"", b"GIF89a", b"x" * 1000, whole[: len(whole) // 2], b"<svg/>"):
        answer = admin.post("/api/v1/trace", data=body, content_type="image/png")
        assert (answer.status_code, list(answer.get_json()["errors"])) == (422, ["image"])
    for size in ((20_000, 20_000), (10_000, 9_000), (6_000, 6_000)):
        answer = admin.post("/api/v1/trace", data=bomb(*size), content_type="image/png")
        assert answer.status_code == 422
        assert "25000000 pixels" in answer.get_json()["detail"]
    large = bytes(MAX_IMAGE_BYTES + 1)
    assert admin.post("/api/v1/trace", data=large, content_type="image/jpeg").status_code == 413
    assert admin.post("/api/v1/trace", data=whole, content_type="image/gif").status_code == 415


def test_a_photograph_that_costs_too_much_is_a_problem_that_says_why(admin: FlaskClient) -> None:
    written = io.BytesIO()
    Image.new("L", (6_000, 5_000)).save(written, "JPEG", progressive=True)
    data = written.getvalue()
    answer = admin.post("/api/v1/trace", data=data, content_type="image/jpeg")
    said = "Expected at most 25000000 pixels in a progressive JPEG, got 6000x5000."
    assert (answer.status_code, answer.get_json()["errors"]) == (422, {"image": [said]})


def test_a_photograph_that_finds_others_in_line_is_asked_to_come_again(
    door: Door, admin: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(symbol, "_in_line", BoundedSemaphore(1))
    picture = photograph(LABEL)
    browser = door.browser()
    token = re.search(r'name="csrf_token" value="(\w+)"', browser.get("/lookup").text)
    assert token is not None
    with symbol._in_line:
        answer = admin.post("/api/v1/trace", data=picture, content_type="image/png")
        page = browser.post("/lookup", headers={"Accept": "text/html"}, **form(token[1], picture))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.content_type == "application/problem+json"
    assert "Other photographs" in answer.get_json()["detail"]
    assert (page.status_code, page.headers["Retry-After"]) == (503, "5")
    assert "Other photographs" in page.text
    assert "database" not in page.text
    assert admin.post("/api/v1/trace", data=picture, content_type="image/png").status_code == 200


def test_a_photograph_of_nothing_has_no_answer(admin: FlaskClient) -> None:
    answer = admin.post("/api/v1/trace", data=bomb(600, 400), content_type="image/png")
    assert answer.get_json() == {"items": [], "next": None, "meanings": [], "symbols": []}


def test_other_addresses_take_no_larger_bodies_than_before(door: Door, admin: FlaskClient) -> None:
    large = b"x" * (2 << 20)
    answer = admin.post("/api/v1/readings", data=large, content_type="application/json")
    assert answer.status_code == 413
    stranger = door.client()
    answer = stranger.post("/api/v1/trace", data=large, content_type="image/png")
    assert answer.status_code == 401


def form(token: str, picture: bytes) -> dict[str, Any]:
    """Return a filled form as a browser sends it, for a client's post."""
    filled = {"csrf_token": token, "photo": FileStorage(io.BytesIO(picture), "a.png")}
    boundary, body = encode_multipart(filled)
    return {"data": body, "content_type": f"multipart/form-data; boundary={boundary}"}


def test_the_page_takes_a_photograph(door: Door, admin: FlaskClient) -> None:
    browser = door.browser()
    page = browser.get("/lookup").text
    assert 'type="file"' in page
    token = re.search(r'name="csrf_token" value="(\w+)"', page)
    assert token is not None
    picture = photograph(f"(01){GTIN}(10){NUMBER}")
    answer = browser.post("/lookup", **form(token.group(1), picture + bytes(2 << 20)))
    assert (answer.status_code, answer.location) == (303, f"/lots/{GTIN}/{NUMBER}")
    unknown = photograph(f"(01){GTIN}(10)NEVER")
    assert "NEVER" in browser.post("/lookup", **form(token.group(1), unknown)).text
    assert browser.post("/lookup", **form("x", unknown)).status_code == 403


def test_the_pages_of_a_lot_and_of_a_dose_show_their_symbol(door: Door, admin: FlaskClient) -> None:
    admin.post("/api/v1/doses", json=dose("d2", dose_number=2, pack=LABEL))
    browser = door.browser()
    lot = browser.get(f"/lots/{GTIN}/{NUMBER}").text
    assert f"<title>(01){GTIN} (17)220501 (10){NUMBER}</title>" in lot
    assert "(21)AB1</title>" in browser.get("/doses/d2").text
    assert "<svg xmlns" not in browser.get("/doses/d1").text
