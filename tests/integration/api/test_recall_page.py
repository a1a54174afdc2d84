"""A recall in a browser: its page, and what is done there."""

from __future__ import annotations

import re

from flask.testing import FlaskClient

from tests.integration.api.scene import DOCUMENT, GTIN, NUMBER
from tests.integration.api.test_recall import recall, report
from tests.integration.door import Door


def test_the_page_of_a_recall_shows_its_sites(door: Door, admin: FlaskClient) -> None:
    browser = door.browser()
    browser.get("/language/zh")
    page = browser.get(f"/recalls/{recall(admin)}").text
    assert "接种点" in page
    assert "已退回或销毁" in page


def test_a_lot_is_recalled_and_acknowledged_in_a_browser(admin: FlaskClient, door: Door) -> None:
    page = f"/lots/{GTIN}/{NUMBER}"
    browser = door.browser("officer", "450000")
    token = re.findall(r'name="csrf_token" value="([0-9a-f]+)"', browser.get(page).text)[0]

    form = {"csrf_token": token, "reason": "sterility in doubt", "class": "1"}
    answer = browser.post(f"{page}/recall", data=form)
    assert answer.status_code == 303, answer.text
    place = answer.headers["Location"]
    assert browser.post(f"{page}/recall", data=form | {"class": "9"}).status_code == 422
    assert f'href="{place}"' in browser.get(page).text
    done = browser.post(f"{place}/acknowledge", data={"csrf_token": token, "site": "CLINIC"})
    assert done.status_code == 303, done.text
    assert report(admin, int(place.rsplit("/", 1)[1]))["total"]["acknowledged"] == 1
    table = browser.post(
        f"{place}/recipients", data={"csrf_token": token, "reason": "to call them"}
    )
    assert DOCUMENT in table.text


def test_the_page_of_a_recall_that_is_over_says_so_and_asks_nobody_for_anything(
    door: Door, admin: FlaskClient
) -> None:
    number = recall(admin)
    browser = door.browser()
    browser.get("/language/en")
    during = browser.get(f"/recalls/{number}").text
    assert "Acknowledge</button>" in during
    assert "Still on hand" in during
    body = {"reason": "nothing was found", "hold": number}
    answer = admin.post(f"/api/v1/lots/{GTIN}/{NUMBER}/release", json=body)
    assert answer.status_code == 201, answer.text
    after = browser.get(f"/recalls/{number}").text
    assert "recall is over" in after
    assert "Acknowledge</button>" not in after
    assert "Still on hand" not in after


def test_a_lot_is_not_to_be_held_or_recalled_again_where_a_recall_reaches_already(
    door: Door, admin: FlaskClient
) -> None:
    page = f"/lots/{GTIN}/{NUMBER}"

    def offered(browser: FlaskClient) -> list[str]:
        return re.findall(r'action="[^"]*/(hold|recall)"', browser.get(page).text)

    country, county = door.browser(), door.browser("officer", "451481")
    assert offered(country) == offered(county) == ["hold", "recall"]
    below = door.client(door.token("officer", "451481"))
    number = recall(below)
    assert (offered(country), offered(county)) == (["hold", "recall"], [])
    body = {"reason": "nothing was found", "hold": number}
    assert below.post(f"/api/v1{page}/release", json=body).status_code == 201
    assert offered(county) == ["hold", "recall"]
