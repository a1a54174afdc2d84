"""Many values for a statement as few parameters: lists, pairs and rows.

Some statements are made once, and told their values each time; to make one anew costs more than
the database takes for it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Executable,
    String,
    Subquery,
    any_,
    bindparam,
    func,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session
from sqlalchemy.sql.base import NO_ARG

from traceapp.db import is_postgresql

#: No statement asks for more at once.
_MOST = 5_000
_Item = TypeVar("_Item")


def fetch(session: Session, statement: Executable, told: Mapping[str, Any]) -> Sequence[Any]:
    """All rows of a statement that asks for columns, past what a session does for entities.

    Nothing that the session still has to write is seen. It takes a third less than `execute`.
    """
    return session.connection().execute(statement, told).all()


def parts(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    """Pieces of a long list, each short enough for one statement."""
    listed = list(items)
    for start in range(0, len(listed), _MOST):
        yield listed[start : start + _MOST]


def among(session: Session, column: Any, values: Collection[Any]) -> ColumnElement[bool]:
    """The condition that a column is one of `values`, however many, as one parameter.

    `column.in_(values)` binds each of a thousand: on the hot path that costs more than the query.
    """
    if is_postgresql(session):
        wanted = bindparam(None, list(values), type_=ARRAY(column.type))
        is_among: ColumnElement[bool] = column == any_(wanted)
        return is_among
    listed = func.json_each(json.dumps(list(values))).table_valued("value")
    is_listed: ColumnElement[bool] = column.in_(select(listed.c.value))
    return is_listed


def among_later(is_on_postgresql: bool, column: Any, name: str) -> ColumnElement[bool]:
    """`among` for a statement that is made once: `spell_list` gives the values under this name."""
    if is_on_postgresql:
        is_among: ColumnElement[bool] = column == any_(bindparam(name, type_=ARRAY(column.type)))
        return is_among
    listed = func.json_each(bindparam(name, type_=String)).table_valued("value")
    is_listed: ColumnElement[bool] = column.in_(select(listed.c.value))
    return is_listed


def spell_list(session: Session, name: str, values: Collection[Any]) -> dict[str, Any]:
    """The parameter of `among_later`: numbers or texts."""
    listed = list(values)
    return {name: listed if is_postgresql(session) else json.dumps(listed)}


def pairs(session: Session, first: Any, second: Any, values: Collection[Any]) -> Subquery:
    """`values`, pairs of what two columns hold, as rows with the columns `first` and `second`."""
    told = spell_pairs(session, first, second, values)
    return pairs_in(is_postgresql(session), first, second, told)


def pairs_in(
    is_on_postgresql: bool, first: Any, second: Any, told: Mapping[str, Any] | None = None
) -> Subquery:
    """Rows with the columns `first` and `second`; without `told`, `spell_pairs` is given later."""
    return rows_in(is_on_postgresql, _pair(first, second), told)


def spell_pairs(
    session: Session, first: Any, second: Any, values: Collection[Any]
) -> dict[str, Any]:
    """The parameters of `pairs_in`."""
    return spell_rows(session, _pair(first, second), values)


def _pair(first: Any, second: Any) -> dict[str, Any]:
    return {"first": first.type, "second": second.type}


def rows_in(
    is_on_postgresql: bool, types: Mapping[str, Any], told: Mapping[str, Any] | None = None
) -> Subquery:
    """Rows with columns of these types; without `told`, `spell_rows` is given later."""
    value = {} if told is None else told
    if is_on_postgresql:
        columns: list[Any] = [
            func.unnest(bindparam(name, value.get(name, NO_ARG), type_=ARRAY(type_)))
            for name, type_ in types.items()
        ]
    else:
        spelled = bindparam("rows", value.get("rows", NO_ARG), type_=String)
        listed = func.json_each(spelled).table_valued("value")
        columns = [func.json_extract(listed.c.value, f"$[{place}]") for place in range(len(types))]
    typed = zip(columns, types.items(), strict=True)
    return select(*(type_coerce(one, type_).label(name) for one, (name, type_) in typed)).subquery()


def spell_rows(
    session: Session, types: Mapping[str, Any], rows: Collection[Sequence[Any]]
) -> dict[str, Any]:
    """The parameters of `rows_in`: rows of what its columns hold."""
    if is_postgresql(session):
        return {name: [row[place] for row in rows] for place, name in enumerate(types)}
    dialect = session.get_bind().dialect
    spell = [type_.bind_processor(dialect) or (lambda value: value) for type_ in types.values()]
    spelled = [[say(one) for say, one in zip(spell, row, strict=True)] for row in rows]
    return {"rows": json.dumps(spelled)}
