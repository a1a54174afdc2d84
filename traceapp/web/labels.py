"""The words that people read in place of the codes of the contract."""

from __future__ import annotations

from traceapp.web.language import gettext

#: By the kind of code; a code that is not here is shown as it is.
LABELS: dict[str, dict[str, str]] = {
    "role": {
        "viewer": "viewer",
        "officer": "officer",
        "vaccinator": "vaccinator",
        "admin": "administrator",
        "device": "device",
    },
    "level": {"notice": "Notice", "alarm": "Alarm"},
    "side": {
        "above": "Too warm",
        "below": "Too cold",
        "silence": "No readings",
        "door": "Door open",
        "power": "No mains",
        "battery": "Battery low",
        "jump": "Sudden jump",
        "clock": "Clock ahead",
        "missing": "Readings missing",
        "stuck": "Probe stuck",
    },
    "rule": {
        "warm": "above 8 °C",
        "hot": "above the limit for long",
        "cool": "below 2 °C",
        "cold": "below the limit for long",
        "freeze": "freezing (−0.5 °C or less)",
        "heat": "above 8 °C for 10 h",
        "heat10": "10 °C or more for 20 h",
        "heat30": "30 °C or more for 10 h",
        "heat45": "45 °C or more for 1 h",
        "silence": "silent",
        "door": "door open for 5 min",
        "power": "no mains for 24 h",
        "battery": "battery below 20 %",
        "jump": "more than 10 °C from one reading to the next",
        "clock": "more than 5 min ahead",
        "missing": "sequence numbers left out",
        "stuck": "unchanged while another sensor moved",
    },
    "state": {
        "open": "Open",
        "ended": "Ended",
        "closed": "Closed",
        "withdrawn": "Withdrawn",
        "fine": "No excursion",
        "alarm": "Alarm",
        "notice": "Notice",
        "silent": "Silent",
        "unheard": "Never heard",
    },
    "unit": {
        "cold_room": "cold room",
        "refrigerator": "refrigerator",
        "freezer": "freezer",
        "ult_freezer": "ultra-low freezer",
        "cold_box": "cold box",
        "vehicle": "vehicle",
    },
    "site": {
        "manufacturer": "manufacturer",
        "distributor": "distributor",
        "cdc": "CDC",
        "clinic": "clinic",
        "station": "vaccination station",
    },
    "balance": {
        "made": "Made",
        "received": "Received, every arrival counted",
        "on_hand": "On hand",
        "in_transit": "In transit",
        "administered": "Administered",
        "wasted": "Wasted",
        "destroyed": "Destroyed",
        "sampled": "Sampled",
        "adjusted": "Adjusted by counts",
        "unexplained": "Unexplained",
    },
    "count": {
        "sites": "sites",
        "units": "units",
        "sensors": "sensors",
        "lots": "lots",
        "doses": "doses given",
        "readings": "readings",
        "movements": "movements",
    },
    "error": {
        "400": "This cannot be understood",
        "401": "Please sign in",
        "403": "Your role may not do this",
        "404": "There is nothing here that you may see",
        "405": "This address does not answer that way",
        "413": "This is too large",
        "422": "Some fields are not as expected",
        "500": "Something broke on our side",
        "503": "The database cannot be reached now",
    },
    "sex": {"male": "male", "female": "female", "other": "other", "unknown": "unknown"},
    "certainty": {"certain": "certain", "possible": "possible"},
    "kind": {
        "dose": "Dose",
        "lot": "Lot",
        "pack": "Pack",
        "movement": "Movement",
        "recipient": "Recipient",
        "unit": "Unit",
        "sensor": "Sensor",
        "site": "Site",
        "excursion": "Excursion",
    },
}


def label(kind: str, code: str | None) -> str:
    """Return what people call a code, in the language of this request."""
    if code is None:
        return ""
    text = LABELS.get(kind, {}).get(code)
    return gettext(text) if text else code.replace("_", " ")
