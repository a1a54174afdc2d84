"""The blast radius of an excursion in answers (contract §5)."""

from __future__ import annotations

from marshmallow import fields

from schemas.document import Document
from schemas.excursion import ExcursionSchema
from schemas.fields import Moment
from schemas.lot import LotKeySchema
from schemas.trace import ExposureSchema, NamedLotSchema, NamedSiteSchema

_CERTAINTY = {"enum": ["certain", "possible"]}


class WhereSchema(Document):
    """Where exposed stock is now; on the way its unit is the carrier and its site the goal."""

    site = fields.String(required=True, allow_none=True)
    unit = fields.String(required=True, allow_none=True)
    doses = fields.Integer(required=True)
    certainty = fields.String(required=True, metadata=_CERTAINTY)
    in_transit = fields.Boolean(required=True)


class ExposedLotSchema(Document):
    """A lot that stood in the unit during the episode."""

    lot = fields.Nested(NamedLotSchema, required=True)
    doses_present = fields.Integer(required=True)
    doses_on_hand_now = fields.Integer(required=True)
    where_now = fields.List(fields.Nested(WhereSchema), required=True)
    exposure = fields.Nested(ExposureSchema, required=True)
    certainty = fields.String(required=True, metadata=_CERTAINTY)


class ExposedDoseSchema(Document):
    """A dose that was given after the exposure began."""

    id = fields.String(required=True)
    at = Moment(required=True)
    site = fields.String(required=True)
    certainty = fields.String(required=True, metadata=_CERTAINTY)


class ChangeSchema(Document):
    """What became known after the episode was found, and changed how far it reached.

    `episode`: readings changed the episode itself. `movement` and `doses` happened (`at`) before
    it was found and were reported (`recorded_at`) afterwards; doses are those of one lot and site.
    """

    kind = fields.String(required=True, metadata={"enum": ["episode", "movement", "doses"]})
    recorded_at = Moment(required=True)
    at = Moment(required=True, allow_none=True)
    id = fields.String(required=True, allow_none=True)
    lot = fields.Nested(LotKeySchema, required=True, allow_none=True)
    site = fields.String(required=True, allow_none=True)
    doses = fields.Integer(required=True, allow_none=True)


class ImpactSchema(Document):
    """Lots, doses, people and sites that an episode reached, as the record stands at `as_of`."""

    excursion = fields.Nested(ExcursionSchema, required=True)
    lots = fields.List(fields.Nested(ExposedLotSchema), required=True)
    doses = fields.List(fields.Nested(ExposedDoseSchema), required=True)
    recipients = fields.Integer(required=True)
    as_of = Moment(required=True)
    changes = fields.List(fields.Nested(ChangeSchema), required=True)
    sites = fields.List(fields.Nested(NamedSiteSchema), required=True)
