"""Bad doses over HTTP, alone and in batches: refused by field or found, and never stored half."""

from __future__ import annotations

import json
from typing import Any

from flask.testing import FlaskClient

from tests.integration.api.bad_dose import FOUND, MISSING, REFUSED
from tests.integration.api.scene import DOCUMENT, GTIN, NUMBER, dose
from tests.integration.door import Door
from tests.integration.stored import more_than, rows_of, wrong_rows

DOSES, BATCH, CHECK = "/api/v1/doses", "/api/v1/doses/batch", "/api/v1/doses/check"


def changed(field: str, value: Any, number: int = 0) -> dict[str, Any]:
    """Return a good dose of a person of its own, with one field changed."""
    person = {"document": f"P{number}", "document_type": "passport"}
    told = dose(f"bad-{number}", recipient=person) | {field: value}
    told |= {"corrected_at": told["at"]} if value == "nobody" else {}
    return {name: one for name, one in told.items() if one is not MISSING}


def test_each_bad_dose_is_refused_by_its_field_and_stores_nothing(
    door: Door, admin: FlaskClient
) -> None:
    before, wrong = rows_of(door.database), []
    for bad in REFUSED:
        body = json.dumps(changed(bad.field, bad.value))
        answer = admin.post(DOSES, data=body, content_type="application/json")
        errors = answer.get_json().get("errors")
        if answer.status_code != 422 or errors != {bad.named: [bad.message]}:
            wrong.append((bad, answer.status_code, errors))
    assert wrong == []
    assert more_than(before, rows_of(door.database)) == {}


def test_each_bad_dose_of_a_batch_is_refused_beside_the_good_one(
    door: Door, admin: FlaskClient
) -> None:
    before = rows_of(door.database)
    doses = [*(changed(bad.field, bad.value) for bad in REFUSED), dose("good")]
    body = json.dumps({"doses": doses})
    answer = admin.post(BATCH, data=body, content_type="application/json")
    told = answer.get_json()
    assert (answer.status_code, told["stored"], told["refused"]) == (201, 1, len(REFUSED))
    wrong = [
        (bad, one)
        for place, (bad, one) in enumerate(zip(REFUSED, told["refusals"], strict=True))
        if one["field"] not in (f"[{place}].{bad.named}", f"[{place}].recipient")
        or not (one["expected"] and one["got"])
    ]
    assert wrong == []
    assert DOCUMENT not in answer.text
    assert "三" not in answer.text
    grown = more_than(before, rows_of(door.database))
    assert (grown["dose"], grown["audit"], grown.get("rejection")) == (1, 1, None)


def test_what_is_odd_about_a_dose_that_was_given_is_found(door: Door, admin: FlaskClient) -> None:
    usual = {"exposure_unknown"}
    wrong = []
    for number, odd in enumerate(FOUND):
        before = rows_of(door.database)
        answer = admin.post(DOSES, json=changed(odd.field, odd.value, number))
        codes = {one["code"] for one in answer.get_json().get("findings", ())} - usual
        grown = more_than(before, rows_of(door.database))
        if (answer.status_code, codes, grown.get("dose")) != (201, odd.codes, 1):
            wrong.append((odd, answer.status_code, codes, grown))
    assert wrong == []
    assert wrong_rows(door.database) == 0


def test_one_person_twice_on_a_day_is_found_whatever_the_numbers(admin: FlaskClient) -> None:
    person = {"document": "TWICE", "document_type": "passport"}
    wide = {"document": " ｔｗｉｃｅ", "document_type": "passport"}
    told = [
        (dose("t1", -26, recipient=person) | {"dose_number": 1}, set()),
        (dose("t2", -1, recipient=wide) | {"dose_number": 2}, set()),
        (dose("t3", -0.9, recipient=person) | {"dose_number": 2}, {"dose_repeated"}),
        (dose("t4", -0.8, recipient=person) | {"dose_number": 3}, {"dose_same_day"}),
        (dose("t5", -0.7, recipient=wide), {"dose_same_day"}),
    ]
    del told[-1][0]["dose_number"]
    for sent, expected in told:
        answer = admin.post(DOSES, json=sent)
        codes = {one["code"] for one in answer.get_json()["findings"]} - {"exposure_unknown"}
        assert (answer.status_code, codes) == (201, expected), sent["id"]


#: Queries of the check: the status, the field that is named or the verdict, and the findings.
CHECKS: list[tuple[str, int, str, set[str]]] = [
    ("", 422, "pack", set()),
    ("pack=%20", 422, "pack", set()),
    ("pack=%1D", 422, "pack", set()),
    ("pack=a%00b", 422, "pack", set()),
    ("pack=" + "x" * 129, 422, "pack", set()),
    ("pack=a&pack=b", 422, "pack", set()),
    ("pack=A1&colour=x", 422, "colour", set()),
    (f"gtin={GTIN}", 422, "lot", set()),
    (f"lot={NUMBER}", 422, "gtin", set()),
    (f"gtin={GTIN[1:]}&lot={NUMBER}", 422, "gtin", set()),
    (f"gtin={GTIN}&lot={NUMBER}%20", 422, "lot", set()),
    (f"gtin={GTIN}&lot={NUMBER}&site=接种点", 422, "site", set()),
    (f"gtin={GTIN}&lot={NUMBER}&site=NONE", 404, "site", set()),
    (f"gtin={GTIN}&lot={NUMBER}&unit=NONE", 404, "unit", set()),
    (f"gtin={GTIN}&lot={NUMBER}&site=CLINIC&unit=CDC-1", 422, "unit", set()),
    (f"gtin={GTIN}&lot={NUMBER}", 422, "site", set()),
    ("pack=rubbish", 422, "site", set()),
    (f"gtin={GTIN}&lot={NUMBER}&unit=FRIDGE", 200, "give", set()),
    ("pack=%FF%FE&site=CLINIC", 200, "stop", {"lot_unknown", "pack_unread"}),
    ("pack=rubbish&site=CLINIC", 200, "stop", {"lot_unknown"}),
    (f"gtin={GTIN}&lot=l1&site=CLINIC", 200, "stop", {"lot_unknown"}),
    (f"gtin=06901234567891&lot={NUMBER}&site=CLINIC", 200, "stop", {"lot_unknown"}),
    (f"pack=(01){GTIN}(17)2205&gtin={GTIN}&lot={NUMBER}&site=CLINIC", 200, "give",
     {"pack_unread"}),
    (f"pack={GTIN}&gtin={GTIN}&lot={NUMBER}&site=CLINIC", 200, "give", {"pack_not_single"}),
    (f"pack=(01){GTIN}(17)230105(10){NUMBER}(21)Q1&site=CLINIC", 200, "give",
     {"label_expiry_differs"}),
    (f"pack=(01){GTIN}(17)210105(10){NUMBER}(21)Q1&site=CLINIC", 200, "stop",
     {"label_expiry_differs", "lot_expired"}),
    (f"pack=(01){GTIN}(17)221301(10){NUMBER}(21)Q1&site=CLINIC", 200, "give",
     {"label_day_impossible"}),
]  # fmt: skip


def test_the_check_says_what_is_wrong_with_what_was_asked(door: Door, admin: FlaskClient) -> None:
    before, wrong = rows_of(door.database), []
    for query, status, word, codes in CHECKS:
        answer = admin.get(f"{CHECK}?{query}")
        told = answer.get_json()
        said = {one["code"] for one in told.get("findings", ())} - {"exposure_unknown"}
        words = [told["verdict"]] if status == 200 else list(told.get("errors", ()))
        if (answer.status_code, words, said) != (status, [word], codes):
            wrong.append((query, answer.status_code, words, said))
    assert wrong == []
    assert more_than(before, rows_of(door.database)) == {}


def test_bodies_that_are_no_doses_store_nothing(door: Door, admin: FlaskClient) -> None:
    before = rows_of(door.database)
    good = json.dumps(dose("x"), ensure_ascii=False)
    for path, body, status, field in (
        (DOSES, good.replace('"dose_number": 1', '"dose_number": 1, "dose_number": 2'), 422,
         "dose_number"),
        (DOSES, good.replace('"name"', '"document": "E2", "name"'), 422, "document"),
        (DOSES, good.replace("1}", "NaN}"), 400, "body"),
        (DOSES, good.replace("FRIDGE", "\\ud800"), 400, "body"),
        (DOSES, good.encode("gb18030"), 400, "body"),
        (DOSES, good.encode("utf-16"), 400, "body"),
        (DOSES, f"[{good}]", 422, "body"),
        (DOSES, '"x"', 422, "body"),
        (BATCH, f"[{good}]", 422, "doses"),
        (BATCH, f'{{"doses": {good}}}', 422, "doses"),
        (BATCH, '{"doses": []}', 422, "doses"),
        (BATCH, json.dumps({"doses": [{}] * 10_000}), 422, "doses"),
        (BATCH, f'{{"doses": [{good}], "doses": []}}', 422, "doses"),
    ):  # fmt: skip
        answer = admin.post(path, data=body, content_type="application/json")
        errors = answer.get_json()["errors"]
        assert (answer.status_code, list(errors)) == (status, [field]), (path, body)
        assert DOCUMENT not in answer.text
    assert more_than(before, rows_of(door.database)) == {}


def test_a_thousand_wrong_fields_have_a_short_answer(admin: FlaskClient) -> None:
    wrong = dose("x") | {f"{number}{'y' * 900}": 1 for number in range(1_000)}
    answer = admin.post(DOSES, json=wrong)
    assert answer.status_code == 422
    assert len(answer.get_json()["errors"]) == 51
    assert len(answer.text) < 20_000


def test_nobody_records_a_dose_for_another_site(door: Door, admin: FlaskClient) -> None:
    vaccinator = door.client(door.token("vaccinator", "451481", "CLINIC"))
    before = rows_of(door.database)
    elsewhere = dose("x", site="CDC", unit="CDC-1")
    answer = vaccinator.post(DOSES, json=elsewhere)
    expected = {"site": ["Expected a site that you may see, got CDC."]}
    assert (answer.status_code, answer.get_json()["errors"]) == (404, expected)
    answer = vaccinator.post(BATCH, json={"doses": [elsewhere]})
    expected = {"[0].site": ["Expected a registered site, got CDC."]}
    assert (answer.status_code, answer.get_json()["errors"]) == (422, expected)
    answer = vaccinator.get(f"{CHECK}?gtin={GTIN}&lot={NUMBER}&unit=CDC-1")
    assert (answer.status_code, list(answer.get_json()["errors"])) == (404, ["unit"])
    assert more_than(before, rows_of(door.database)) == {}
