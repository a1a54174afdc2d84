"""The last dose of a pack, reported by two: whoever comes second learns that it was used up."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from flask.testing import FlaskClient

from tests.integration.api.scene import dose
from tests.integration.door import Door


def _dose(code: str, hours: float, pack: str) -> dict[str, Any]:
    return dose(code, hours, pack=pack, recipient={"document": code, "document_type": "passport"})


def test_who_comes_second_learns_that_the_pack_is_used_up_even_with_an_earlier_moment(
    admin: FlaskClient,
) -> None:
    pack = "8" + "3" * 19
    first = admin.post("/api/v1/doses", json=_dose("w1", -0.10, pack))
    second = admin.post("/api/v1/doses", json=_dose("w2", -0.11, pack))
    assert "pack_used_up" not in first.text
    assert "pack_used_up" in second.text
    # The record's finding stays with the dose that was given later.
    assert "pack_used_up" in admin.get("/api/v1/doses/w1/trace").text
    assert "pack_used_up" not in admin.get("/api/v1/doses/w2/trace").text


def test_of_two_who_take_the_last_dose_at_once_at_least_one_learns(
    door: Door, admin: FlaskClient
) -> None:
    assert admin.get("/api/v1/doses/d1/trace").status_code == 200
    token = door.token("admin")

    def report(barrier: Barrier, body: dict[str, Any]) -> str:
        client = door.client(token)
        barrier.wait(60)
        answer = client.post("/api/v1/doses", json=body)
        assert answer.status_code == 201, answer.text
        return answer.text

    with ThreadPoolExecutor(2) as pool:
        for number in range(6):
            pack, barrier = f"8{number:019}", Barrier(2)
            bodies = [_dose(f"r{number}{n}", -0.1 - n / 100, pack) for n in (0, 1)]
            answers = list(pool.map(report, [barrier] * 2, bodies))
            assert any("pack_used_up" in one for one in answers), number
