"""A province into a database: its registry at once, then lot after lot of its campaign."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from schemas.registry import KINDS
from traceapp.bench.bulk import Writer
from traceapp.bench.campaign import Campaign
from traceapp.bench.copying import Depot, insert_into
from traceapp.bench.province import Province
from traceapp.db import Database
from traceapp.models.base import Base
from traceapp.models.product import Product
from traceapp.models.sensor import Attachment, Sensor
from traceapp.models.site import Site
from traceapp.models.unit import Unit, UnitProfile
from traceapp.vault import Vault

#: Of a database that is thrown away.
SECRET_KEY = "of a province that is thrown away, 32 letters"  # noqa: S105 - it seals nobody


def found(database: Database, province: Province) -> None:
    """Register the places of a province, their sensors and its products: the rows of `register`."""
    told: dict[str, list[dict[str, Any]]] = {"site": [], "unit": [], "sensor": [], "product": []}
    for document in province.documents():
        kind = str(document["kind"])
        said = {name: value for name, value in document.items() if name != "kind"}
        told[kind].append(KINDS[kind]().load(said))
    sites, units = province.site_ids, province.unit_ids
    rows: dict[type[Base], list[dict[str, Any]]] = {
        Site: [
            {"id": sites[one["code"]], "code": one["code"], "name": one["name"],
             "type": one["type"], "division_code": one["division"]}
            for one in told["site"]
        ],
        Unit: [
            {"id": units[one["code"]], "code": one["code"], "name": one["name"],
             "type": one["type"], "site_id": sites[one["site"]]}
            for one in told["unit"]
        ],
        UnitProfile: [
            {"unit_id": units[one["code"]], "profile": one["profile"]} for one in told["unit"]
        ],
        Sensor: [
            {"id": units[one["unit"]], "code": one["code"], "interval_s": one["interval_s"],
             "is_registered": True}
            for one in told["sensor"]
        ],
        Attachment: [
            {"sensor_id": units[one["unit"]], "unit_id": units[one["unit"]]}
            for one in told["sensor"]
        ],
        Product: [
            {"gtin": one["gtin"], "name": one["name"], "manufacturer": one["manufacturer"],
             "doses_per_pack": one["doses_per_pack"], "vvm": one.get("vvm"),
             "is_freeze_sensitive": one["freeze_sensitive"], "budget": one.get("budget")}
            for one in told["product"]
        ],
    }  # fmt: skip
    with database.begin() as session:
        for model, content in rows.items():
            session.execute(insert(model), content)


def fill_ledger(
    database: Database, province: Province, folder: Path, tell: Callable[[int], None]
) -> None:
    """Write all lots of a campaign with their doses; `tell` hears how many doses each has."""
    writer = Writer(province, Vault(SECRET_KEY))
    with Depot(folder) as depot:
        for story in Campaign(province).stories():
            rows = writer.rows(story)
            if database.is_sqlite:
                insert_into(database, rows)
            else:
                depot.put(rows)
            tell(len(story.doses))
        if not database.is_sqlite:
            depot.copy_into(database)
