"""The registry: `PUT` takes the documents of contract §3, `GET` answers them."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema
from sqlalchemy.orm import Session

from schemas.fields import Choice, Code, Digits
from schemas.page import PageQuery, page_of
from schemas.registry import KINDS
from traceapp.access.audit import audit
from traceapp.access.guard import allow, visitor
from traceapp.access.role import OFFICERS, READERS
from traceapp.api.noun import Noun
from traceapp.capture.registry import register
from traceapp.capture.registry_error import RegistryError
from traceapp.doors import doors
from traceapp.problem import Problem, not_found
from traceapp.trace.reach import exists, reaches_sensor, reaches_site, reaches_unit
from traceapp.trace.registry import get_noun, list_nouns
from traceapp.trace.scope import Scope

blueprint = Noun("registry", __name__, description="Sites, units, sensors, products, contacts")

#: By kind: the field that names one, and what it looks like in an address.
_KEYS = {
    "division": ("code", "<division:code>"),
    "site": ("code", "<code:code>"),
    "unit": ("code", "<code:code>"),
    "sensor": ("code", "<code:code>"),
    "product": ("gtin", "<gtin:code>"),
}


def _put_schema(kind: str) -> type[Schema]:
    """Return a kind's schema as a body: `kind` may stand in it, its name may be left out."""
    fields: dict[str, Any] = {"kind": Choice(kind), "__doc__": f"A {kind} to register."}
    if kind in _KEYS:
        key, _ = _KEYS[kind]
        lengths = {"division": (6,), "product": (14,)}.get(kind)
        fields[key] = Digits(*lengths) if lengths else Code()
    return type(f"{kind.title()}PutSchema", (KINDS[kind],), fields)


def _add_kind(kind: str, key: str, address: str) -> None:
    """Add the list, the document and the registration of one kind."""
    schema = KINDS[kind]

    @blueprint.route(f"/{kind}s/{address}", endpoint=f"get_{kind}", methods=["GET"])
    @allow(*READERS)
    @blueprint.response(200, schema)
    def get_one(code: str) -> dict[str, Any]:
        """Answer one document of the registry."""
        with doors().database.read() as session:
            document = get_noun(session, visitor().scope, kind, code)
        if document is None:
            raise not_found(kind, code)
        return document

    @blueprint.route(f"/{kind}s/{address}", endpoint=f"put_{kind}", methods=["PUT"])
    @allow("admin")
    @blueprint.arguments(_put_schema(kind))
    @blueprint.response(200, schema)
    @blueprint.alt_response(201, schema=schema, success=True, description="New")
    def put_one(document: dict[str, Any], code: str) -> Any:
        """Register it, or change it; what held before is kept where history is judged by it."""
        if document.setdefault(key, code) != code:
            message = f"Expected {code} as in the address, got {document[key]}."
            raise Problem(422, message, {key: [message]})
        return _register(kind, document, code)


def _add_list(kind: str, roles: tuple[str, ...]) -> None:
    @blueprint.route(f"/{kind}s", endpoint=f"list_{kind}", methods=["GET"])
    @allow(*roles)
    @blueprint.arguments(PageQuery, location="query")
    @blueprint.response(200, page_of(KINDS[kind]))
    def get_list(query: dict[str, Any]) -> dict[str, Any]:
        """List what the token may see, by name."""
        scope, limit, cursor = visitor().scope, query["limit"], query.get("cursor")
        with doors().database.read() as session:
            return list_nouns(session, scope, kind, limit, cursor)


@blueprint.put("/contacts")
@allow("admin")
@blueprint.arguments(_put_schema("contact"))
@blueprint.response(200, KINDS["contact"])
def put_contact(document: dict[str, Any]) -> Any:
    """Register who is told, known by e-mail and division; no address stands in a URL."""
    return _register("contact", document, document["email"])


@blueprint.put("/profiles")
@allow("admin")
@blueprint.arguments(_put_schema("profile"))
@blueprint.response(200, KINDS["profile"])
def put_profile(document: dict[str, Any]) -> Any:
    """Let rules hold in the country, a division or a site; its units are judged again."""
    return _register("profile", document, document["code"])


def _register(kind: str, document: dict[str, Any], code: str) -> Any:
    parts, who, now = doors(), visitor(), doors().clock()
    document.pop("kind", None)
    with parts.database.begin() as session:
        _refuse_strangers(session, who.scope, kind, document, code)
        is_new = kind in _KEYS and get_noun(session, Scope(), kind, code) is None
        try:
            is_changed = register(session, kind, document, now)
        except RegistryError as error:
            raise Problem(422, str(error), {error.field: [str(error)]}) from error
        if is_changed:
            about = document["division"] if kind == "contact" else code
            audit(session, who.name, f"register {kind}", about, now)
        kept = get_noun(session, Scope(), kind, code) if kind in _KEYS else document
    return kept, 201 if is_new else 200


def _refuse_strangers(
    session: Session, scope: Scope, kind: str, document: dict[str, Any], code: str
) -> None:
    """Let an administrator change only what lies, and will lie, in their own scope."""
    if scope.is_country:
        return
    if kind == "product":
        raise Problem(403, "Products are registered for the whole country.")
    reaches = {"site": reaches_site, "unit": reaches_unit, "sensor": reaches_sensor}
    if kind in reaches and exists(session, kind, code) and not reaches[kind](session, scope, code):
        raise not_found(kind, code)
    division = code if kind == "division" else document.get("division")
    at_site = document.get("site") if kind in ("profile", "unit") else None
    if at_site is not None and not reaches_site(session, scope, at_site):
        raise not_found("site", at_site)
    is_division_asked = kind in ("division", "site", "contact", "profile") and at_site is None
    if is_division_asked and not scope.sees_division(division or ""):
        raise not_found("division", division or "")
    if kind == "sensor" and not reaches_unit(session, scope, document["unit"]):
        raise not_found("unit", document["unit"])


for _kind, (_key, _address) in _KEYS.items():
    _add_kind(_kind, _key, _address)
    _add_list(_kind, READERS)
_add_list("contact", OFFICERS)
_add_list("profile", READERS)
