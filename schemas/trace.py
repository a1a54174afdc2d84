"""Traces in answers: a dose backwards, a lot forwards (contract §5)."""

from __future__ import annotations

from marshmallow import fields

from schemas.document import Document
from schemas.excursion import ExcursionSchema
from schemas.fields import Day, Moment
from schemas.finding import FindingSchema, LotFindingSchema
from schemas.hold import HoldDocumentSchema


class ExposureSchema(Document):
    """What a product lived through: minutes and °C."""

    observed_minutes = fields.Float(required=True)
    unknown_minutes = fields.Float(required=True)
    minutes_above = fields.Float(required=True)
    minutes_below = fields.Float(required=True)
    degree_minutes_above = fields.Float(required=True)
    min_celsius = fields.Float(required=True, allow_none=True)
    max_celsius = fields.Float(required=True, allow_none=True)
    mean_kinetic_celsius = fields.Float(required=True, allow_none=True)
    vvm_life_used = fields.Float(required=True, allow_none=True)
    frozen = fields.Boolean(required=True)
    budget_used = fields.Float(required=True, allow_none=True)


class NamedLotSchema(Document):
    """A lot by its key, with its product's name."""

    gtin = fields.String(required=True)
    number = fields.String(required=True)
    product = fields.String(allow_none=True)
    product_en = fields.String(allow_none=True)


class NamedSiteSchema(Document):
    """A site by its code, with its name and division."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    division = fields.String(required=True)


class SourceSchema(Document):
    """Who made a lot, when, and what released it."""

    manufacturer = fields.String(required=True, allow_none=True)
    release = fields.String(required=True, allow_none=True)
    made_on = Day(required=True, allow_none=True)
    expires_on = Day(required=True, allow_none=True)


class MaskedRecipientSchema(Document):
    """A person, masked."""

    document = fields.String(required=True)
    name = fields.String(required=True, allow_none=True)


class PersonSchema(Document):
    """A person, unmasked; masked where the key of the record is not at hand."""

    document = fields.String(required=True)
    document_type = fields.String(required=True, allow_none=True)
    name = fields.String(required=True, allow_none=True)
    born_on = Day(required=True, allow_none=True)
    sex = fields.String(required=True, allow_none=True)


class RevealedSchema(Document):
    """Who received a dose."""

    dose = fields.String(required=True)
    recipient = fields.Nested(PersonSchema, required=True)


class SaidSchema(Document):
    """One thing that was said of what a fact tells: the fact itself, or a correction of it."""

    id = fields.String(required=True)
    corrects = fields.String(required=True, allow_none=True)
    corrected_at = Moment(required=True, allow_none=True)
    withdraws = fields.Boolean(required=True)
    reason = fields.String(required=True, allow_none=True)
    in_force = fields.Boolean(required=True)
    recorded_at = Moment(required=True)


class MovementDocumentSchema(Document):
    """A movement as it was reported; `history` is empty where nothing corrects it."""

    id = fields.String(required=True)
    at = Moment(required=True)
    step = fields.String(required=True)
    lot = fields.Nested(NamedLotSchema, required=True)
    doses = fields.Integer(required=True)
    begin = fields.String(required=True, allow_none=True, data_key="from", attribute="from")
    to = fields.String(required=True, allow_none=True)
    carrier = fields.String(required=True, allow_none=True)
    site = fields.String(required=True)
    document = fields.String(required=True, allow_none=True)
    operator = fields.String(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)
    recorded_at = Moment(required=True)
    in_force = fields.Boolean(required=True)
    history = fields.List(fields.Nested(SaidSchema), required=True)
    findings = fields.List(fields.Nested(FindingSchema), required=True)


class GivenDoseSchema(Document):
    """A dose as it was recorded."""

    id = fields.String(required=True)
    at = Moment(required=True)
    site = fields.String(required=True)
    site_name = fields.String()
    unit = fields.String(allow_none=True)
    pack = fields.String(allow_none=True)
    recipient = fields.Nested(MaskedRecipientSchema, required=True, allow_none=True)
    dose_number = fields.Integer(allow_none=True)
    vaccinator = fields.String(allow_none=True)
    route = fields.String(allow_none=True)
    body_site = fields.String(allow_none=True)
    recorded_at = Moment()
    in_force = fields.Boolean()
    history = fields.List(fields.Nested(SaidSchema))


class PathSchema(Document):
    """One stretch of the way: a unit, or a journey."""

    site = fields.String(required=True, allow_none=True)
    unit = fields.String(required=True, allow_none=True)
    begin = Moment(required=True, data_key="from", attribute="from")
    until = Moment(required=True, allow_none=True)
    certainty = fields.String(required=True, metadata={"enum": ["certain", "possible"]})
    movement_in = fields.String(required=True, allow_none=True)
    movement_out = fields.String(required=True, allow_none=True)
    exposure = fields.Nested(ExposureSchema, required=True)


class DoseTraceSchema(Document):
    """Backwards: from a dose to its maker."""

    dose = fields.Nested(GivenDoseSchema, required=True)
    lot = fields.Nested(NamedLotSchema, required=True, allow_none=True)
    source = fields.Nested(SourceSchema, required=True, allow_none=True)
    path = fields.List(fields.Nested(PathSchema), required=True)
    exposure = fields.Nested(ExposureSchema, required=True)
    excursions = fields.List(fields.Nested(ExcursionSchema), required=True)
    findings = fields.List(fields.Nested(FindingSchema), required=True)


class ShipmentSchema(Document):
    """A journey of a lot; what arrived may differ from what left."""

    id = fields.String()
    sender = fields.String(required=True, data_key="from", attribute="from")
    receiver = fields.String(required=True, data_key="to", attribute="to")
    carrier = fields.String(allow_none=True)
    shipped_at = Moment(required=True)
    received_at = Moment(required=True, allow_none=True)
    doses_shipped = fields.Integer(required=True)
    doses_received = fields.Integer(required=True, allow_none=True)
    exposure = fields.Nested(ExposureSchema, required=True)


class HoldingSchema(Document):
    """What lies where, in doses."""

    site = fields.String(required=True)
    unit = fields.String(required=True, allow_none=True)
    doses = fields.Integer(required=True)


class BalanceSchema(Document):
    """Where every dose of a lot is; `unexplained` is what the ledger cannot say."""

    made = fields.Integer(required=True)
    received = fields.Integer(required=True)
    on_hand = fields.Integer(required=True)
    in_transit = fields.Integer(required=True)
    administered = fields.Integer(required=True)
    wasted = fields.Integer(required=True)
    destroyed = fields.Integer(required=True)
    sampled = fields.Integer(required=True)
    adjusted = fields.Integer(required=True)
    unexplained = fields.Integer(required=True)


class PartBalanceSchema(BalanceSchema):
    """The balance of the sites in the reader's scope; below the country `in_transit` is null."""

    in_transit = fields.Integer(required=True, allow_none=True)


class LotTraceSchema(Document):
    """Forwards: from a lot to every place it went.

    `balance` and `doses_administered` are of the whole lot; all else is of the sites in scope.

    Of its shipments a page, the oldest first; give `next` as `cursor` for those after them.
    """

    lot = fields.Nested(NamedLotSchema, required=True)
    source = fields.Nested(SourceSchema, required=True)
    shipments = fields.List(fields.Nested(ShipmentSchema), required=True)
    next = fields.String(required=True, allow_none=True)
    holdings = fields.List(fields.Nested(HoldingSchema), required=True)
    balance = fields.Nested(BalanceSchema, required=True)
    balance_within = fields.Nested(PartBalanceSchema, required=True)
    doses_administered = fields.Integer(required=True)
    sites = fields.List(fields.Nested(NamedSiteSchema), required=True)
    holds = fields.List(fields.Nested(HoldDocumentSchema), required=True)
    findings = fields.List(fields.Nested(LotFindingSchema), required=True)


class LotDoseSchema(Document):
    """Who received a dose of a lot, masked."""

    id = fields.String(required=True)
    at = Moment(required=True)
    site = fields.String(required=True)
    pack = fields.String(required=True, allow_none=True)
    dose_number = fields.Integer(required=True, allow_none=True)
    recipient = fields.Nested(MaskedRecipientSchema, required=True, allow_none=True)


class RevealedDoseSchema(LotDoseSchema):
    """Who received a dose of a lot, unmasked; null where the person was forgotten."""

    recipient = fields.Nested(PersonSchema, required=True, allow_none=True)
