"""The district of the demo: who keeps vaccine where, in real division codes and invented names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from traceapp.simulate import physics
from traceapp.simulate.physics import Plant

Document = dict[str, object]

DIVISIONS = {
    "450000": ("广西壮族自治区", "Guangxi"),
    "450300": ("桂林市", "Guilin"),
    "450305": ("七星区", "Qixing"),
    "451400": ("崇左市", "Chongzuo"),
    "451481": ("凭祥市", "Pingxiang"),
}

PLANTS = {
    "refrigerator": physics.REFRIGERATOR,
    "cold_room": physics.COLD_ROOM,
    "vehicle": physics.VEHICLE,
    "cold_box": physics.COLD_BOX,
}


@dataclass(frozen=True)
class Site:
    """A place that holds vaccine."""

    code: str
    name: str
    name_en: str
    type: str
    division: str
    lat: float
    lon: float


@dataclass(frozen=True)
class Unit:
    """A storage unit with the sensors in it."""

    code: str
    site: str
    name: str
    name_en: str
    type: str
    sensors: tuple[str, ...]

    @property
    def plant(self) -> Plant:
        """How this unit warms and cools."""
        return PLANTS[self.type]

    @property
    def interval_s(self) -> int:
        """Seconds between two records: shorter on the road (GSP, appendix 3)."""
        return 300 if self.type == "vehicle" else 600


@dataclass(frozen=True)
class Product:
    """A vaccine."""

    gtin: str
    name: str
    name_en: str
    vvm: str
    doses_per_pack: int


MAKER = Site(
    "4503050001",
    "示范生物制品有限公司",
    "Example Biologicals",
    "manufacturer",
    "450305",
    25.25,
    110.33,
)
PROVINCE = Site("4500000001", "广西疾病预防控制中心", "Guangxi CDC", "cdc", "450000", 22.79, 108.39)
CITY = Site("4514000001", "崇左市疾病预防控制中心", "Chongzuo CDC", "cdc", "451400", 22.38, 107.36)
COUNTY = Site(
    "4514810900", "凭祥市疾病预防控制中心", "Pingxiang CDC", "cdc", "451481", 22.10, 106.76
)
CLINICS = (
    Site(
        "4514810001",
        "凭祥市妇幼保健院接种点",
        "Pingxiang Maternal and Child Health Clinic",
        "clinic",
        "451481",
        22.09,
        106.75,
    ),
    Site(
        "4514810002",
        "凭祥镇卫生院接种点",
        "Pingxiang Town Clinic",
        "clinic",
        "451481",
        22.11,
        106.77,
    ),
    Site(
        "4514810003", "友谊镇卫生院接种点", "Youyi Town Clinic", "clinic", "451481", 22.05, 106.73
    ),
    Site(
        "4514810004", "夏石镇卫生院接种点", "Xiashi Town Clinic", "clinic", "451481", 22.13, 106.92
    ),
)
SITES = (MAKER, PROVINCE, CITY, COUNTY, *CLINICS)

TRUCK, VAN = "GX-TRUCK-07", "PX-VAN-01"
MAKER_STORE, PROVINCE_STORE = "SF-BIO-01", "GX-CDC-COLD-1"
CITY_STORE, CITY_SPARE, COUNTY_STORE = "CZ-CDC-01", "CZ-CDC-02", "PX-CDC-01"
CLINIC_STORES = {
    "4514810001": "PX-FY-01",
    "4514810002": "PX-PX-01",
    "4514810003": "PX-YY-01",
    "4514810004": "PX-XS-01",
}

_FRIDGE, _CAR = "refrigerator", "vehicle"
UNITS = (
    Unit(MAKER_STORE, MAKER.code, "成品冰箱", "Finished goods", _FRIDGE, ("45-000001",)),
    Unit(
        PROVINCE_STORE,
        PROVINCE.code,
        "1号冷库",
        "Cold room 1",
        "cold_room",
        ("45-000002", "45-000003"),
    ),
    Unit("GX-CDC-01", PROVINCE.code, "留样冰箱", "Samples", _FRIDGE, ("45-000004",)),
    Unit(TRUCK, PROVINCE.code, "7号冷藏车", "Truck 7", _CAR, ("45-000005",)),
    Unit(CITY_STORE, CITY.code, "1号冰箱", "Refrigerator 1", _FRIDGE, ("45-000006",)),
    Unit(CITY_SPARE, CITY.code, "2号冰箱", "Refrigerator 2", _FRIDGE, ("45-000007",)),
    Unit(COUNTY_STORE, COUNTY.code, "1号冰箱", "Refrigerator 1", _FRIDGE, ("45-000008",)),
    Unit("PX-CDC-02", COUNTY.code, "2号冰箱", "Refrigerator 2", _FRIDGE, ("45-000009",)),
    Unit(VAN, COUNTY.code, "冷链配送车", "Delivery van", _CAR, ("45-000010",)),
    Unit("PX-FY-01", "4514810001", "1号冰箱", "Refrigerator 1", _FRIDGE, ("45-000017",)),
    Unit("PX-FY-02", "4514810001", "2号冰箱", "Refrigerator 2", _FRIDGE, ("45-000018",)),
    Unit("PX-PX-01", "4514810002", "1号冰箱", "Refrigerator 1", _FRIDGE, ("45-000019",)),
    Unit("PX-PX-02", "4514810002", "2号冰箱", "Refrigerator 2", _FRIDGE, ("45-000020",)),
    Unit("PX-YY-01", "4514810003", "1号冰箱", "Refrigerator 1", _FRIDGE, ("45-000021",)),
    Unit("PX-XS-01", "4514810004", "1号冰箱", "Refrigerator 1", _FRIDGE, ("45-000022",)),
)

COVID = Product(
    "06901234567892",
    "新型冠状病毒灭活疫苗（Vero细胞）",
    "Inactivated COVID-19 vaccine (Vero cell)",
    "VVM7",
    1,
)
HEPATITIS_B = Product(
    "06901234567908",
    "重组乙型肝炎疫苗（酿酒酵母）",
    "Recombinant hepatitis B vaccine (yeast)",
    "VVM30",
    1,
)
PRODUCTS = (COVID, HEPATITIS_B)

COUNTY_DUTY, CITY_OFFICE, ELSEWHERE = (
    "duty@px.cdc.example",
    "coldchain@cz.cdc.example",
    "duty@gl.cdc.example",
)
CONTACTS: tuple[Document, ...] = (
    {
        "email": COUNTY_DUTY,
        "name": "凭祥市疾控中心值班",
        "division": "451481",
        "language": "zh",
        "level": "alarm",
    },
    {
        "email": CITY_OFFICE,
        "name": "Chongzuo cold chain office",
        "division": "451400",
        "language": "en",
        "level": "notice",
    },
    {
        "email": ELSEWHERE,
        "name": "桂林市疾控中心值班",
        "division": "450300",
        "language": "zh",
        "level": "notice",
    },
)


def unit_named(code: str) -> Unit:
    """The unit with this code."""
    return next(unit for unit in UNITS if unit.code == code)


def registry(since: datetime) -> list[Document]:
    """What `traceapp registry load` needs to know before the story begins (contract §3)."""
    documents = place_documents(SITES)
    for unit in UNITS:
        documents += unit_documents(unit, since)
    contacts = [{"kind": "contact", **contact} for contact in CONTACTS]
    return [*documents, *map(_product, PRODUCTS), *contacts]


def place_documents(sites: Sequence[Site]) -> list[Document]:
    """The divisions, and the sites in them."""
    divisions: list[Document] = [
        {"kind": "division", "code": code, "name": name, "name_en": name_en}
        for code, (name, name_en) in DIVISIONS.items()
    ]
    return [*divisions, *map(_site, sites)]


def unit_documents(unit: Unit, since: datetime) -> list[Document]:
    """A unit and its sensors, attached and judged from `since` on."""
    written: Document = {
        "kind": "unit",
        "code": unit.code,
        "site": unit.site,
        "name": unit.name,
        "name_en": unit.name_en,
        "type": unit.type,
        "profile": "cn-fridge",
        "profile_from": since.isoformat(),
    }
    sensors: list[Document] = [
        {
            "kind": "sensor",
            "code": sensor,
            "unit": unit.code,
            "interval_s": unit.interval_s,
            "attached_from": since.isoformat(),
        }
        for sensor in unit.sensors
    ]
    return [written, *sensors]


def _site(site: Site) -> Document:
    return {
        "kind": "site",
        "code": site.code,
        "name": site.name,
        "name_en": site.name_en,
        "type": site.type,
        "division": site.division,
        "lat": site.lat,
        "lon": site.lon,
    }


def _product(product: Product) -> Document:
    return {
        "kind": "product",
        "gtin": product.gtin,
        "name": product.name,
        "name_en": product.name_en,
        "manufacturer": MAKER.name,
        "doses_per_pack": product.doses_per_pack,
        "storage": {"min_celsius": 2, "max_celsius": 8},
        "freeze_sensitive": True,
        "vvm": product.vvm,
        "budget": {"above_8_minutes": 600},
    }
