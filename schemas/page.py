"""Lists in pages: what is asked for, and what is answered."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields

from schemas.document import Document
from schemas.fields import Moment, Text, Whole, got

MAX_LIMIT = 500
_WHOLE = re.compile(r"-?[0-9]{1,19}\Z", re.ASCII)


class QueryWhole(Whole):
    """An integer in a query, where everything is text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if not isinstance(value, str) or not _WHOLE.match(value):
            raise ValidationError(f"Expected an integer, got {got(value)}.")
        return super()._deserialize(int(value), attr, data, **kwargs)


class QueryMoment(Moment):
    """A moment in a query; a `+` that nobody encoded has become a space and is taken back."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        text = re.sub(r" (?=\d\d:\d\d\Z)", "+", value, flags=re.ASCII)
        return super()._deserialize(text, attr, data, **kwargs)


class PageQuery(Document):
    """How much of a list, and from where on."""

    limit = QueryWhole(1, MAX_LIMIT, load_default=50)
    cursor = Text(512)


def page_of(item: type[Schema]) -> type[Schema]:
    """Return the schema of a page of items; `next` is null on the last one."""
    name = item.__name__.removesuffix("Schema") + "PageSchema"
    return type(
        name,
        (Document,),
        {
            "__doc__": "A page of a list; give `next` as `cursor` for the one after it.",
            "items": fields.List(fields.Nested(item), required=True),
            "next": fields.String(required=True, allow_none=True),
        },
    )
