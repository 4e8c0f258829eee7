"""docs/reference/openapi.json: OpenAPI 3.1 for everything that has a public address."""

import inspect
import json
import sys
from collections.abc import Callable, Mapping
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from shared.kit.docstrings import rest, shown
from shared.kit.http import MULTIPART, URLENCODED, Json, Response
from shared.kit.languages import LANGUAGES
from shared.kit.record import PLACEHOLDER, Record, camel
from shared.runtime.binding import Binding, Upload, is_list
from shared.runtime.freshness import PUBLISHED
from tooling.generate import problems
from tooling.generate.common import GENERATED, VERSION, by_service, public
from tooling.generate.explained import explained, meaning
from tooling.generate.schemas import Mode, Schemas

Document = dict[str, Any]
ABOUT = f"""The backend with which cities run their citizen apps. One function answers each address.

Every call is about one city, named by the host name (`heidelberg.heidi.app`), the header `X-Tenant-ID` or the token; where more
than one of them is there, they must agree. Somebody else's things are 404, never 403. Errors have one body with a stable `code`.
Lists come in pages: pass `nextCursor` back as `cursor`. Calls are limited by the minute: 100 a person, 50 an address for readers
and guests together, 1,000 a city (`RateLimit`, `RateLimit-Policy`); pictures are counted apart, ten times as many. {GENERATED}"""


def document(records: Mapping[str, Record]) -> Document:
    """The whole description."""
    shown = public(records.values())
    schemas = Schemas(types(shown))
    refused = [problems.refusals(record) for record in shown]
    everything = {problem.code: problem for group in refused for problem in group}
    return {
        "openapi": "3.1.0",
        "info": {"title": "HEIDI", "version": VERSION, "description": ABOUT},
        "servers": [{"url": "/"}],
        "tags": [{"name": service, "description": about(service)} for service in by_service(shown)],
        "paths": paths(shown, schemas),
        "components": {
            "securitySchemes": {"bearer": BEARER},
            "parameters": COMMON,
            "headers": HEADERS,
            "responses": problems.components(refused) | {"304": NOT_MODIFIED},
            "schemas": explained({"Error": problems.SCHEMA} | schemas.components),
            "examples": {code: problems.example(problem) for code, problem in sorted(everything.items())},
        },
    }


def render(records: Mapping[str, Record]) -> str:
    """The description as a file."""
    return json.dumps(document(records), indent=1, ensure_ascii=False) + "\n"


def about(service: str) -> str:
    """A service in its own words."""
    return shown(sys.modules[f"functions.{service}"].__doc__)


def types(records: list[Record]) -> dict[str, tuple[Any, Mode]]:
    """Every type that needs a schema."""
    found: dict[str, tuple[Any, Mode]] = {}
    for record in records:
        hints, body = signature(record)
        found |= {f"{record.name}.{name}": (hint, "validation") for name, (hint, _) in hints.items()}
        if body:
            found[f"{record.name} body"] = (body[1], "validation")
        if (answer := returned(record)) is not None:
            found[f"{record.name} answer"] = (answer, "serialization")
        if record.accepted_body:
            found[f"{record.name} accepted"] = (record.accepted_body, "serialization")
    return found


def signature(record: Record) -> tuple[dict[str, tuple[Any, Any]], tuple[str, Any] | None]:
    """The parameters with their types and defaults, and the body, as the binding reads them."""
    hints = get_type_hints(record.handler, include_extras=True)
    body_name = Binding.of(record).body_name
    given = list(inspect.signature(record.handler).parameters.values())[1:]
    parameters = {p.name: (hints[p.name], p.default) for p in given if p.name != body_name}
    return parameters, (body_name, hints[body_name]) if body_name else None


def returned(record: Record) -> Any:
    """The type of the answer; None where there is none, or where it is no JSON."""
    found = Binding.of(record).returns
    if get_origin(found) is Json:
        found = get_args(found)[0]
    if Response in get_args(found):  # what else it says itself: a table, a stream
        [found] = [way for way in get_args(found) if way is not Response]
        found = get_args(found)[0] if get_origin(found) is Json else found
    return None if found in (None, type(None), Response, Json) else found


def paths(records: list[Record], schemas: Schemas) -> Document:
    """The addresses in alphabetical order, each with its methods; one address has one set of names (OpenAPI
    3.1 §4.8.8.1).
    """
    found: dict[str, Document] = {}
    keys: dict[str, str] = {}
    for record in sorted(records, key=lambda record: (record.public_path, record.method)):
        key = keys.setdefault(PLACEHOLDER.sub("{}", record.path), record.public_path)
        names = dict(zip(PLACEHOLDER.findall(record.public_path), PLACEHOLDER.findall(key), strict=True))
        found.setdefault(key, {})[record.method.lower()] = operation(record, schemas, names)
    return found


def operation(record: Record, schemas: Schemas, names: Mapping[str, str]) -> Document:
    """One function; `names` says what its placeholders are called here."""
    doc = rest(sys.modules[record.module].__doc__)
    _, body = signature(record)
    return {
        "operationId": record.name,
        "tags": [record.service],
        "summary": record.summary,
        **({"description": doc} if doc else {}),
        "security": security(record),
        **extensions(record),
        "parameters": parameters(record, schemas, names),
        **({"requestBody": request_body(record, body[1], schemas)} if body else {}),
        "responses": success(record, schemas)
        | accepted_body(record, schemas)
        | unchanged(record)
        | problems.responses(problems.refusals(record)),
    }


def security(record: Record) -> list[Document]:
    """A token, or a token if there is one."""
    return [{}, {"bearer": []}] if record.access.public else [{"bearer": []}]


def extensions(record: Record) -> Document:
    """What OpenAPI has no words for."""
    found = {
        "x-permission": record.access.permission,
        "x-feature": record.feature,
        "x-emits": [e.type() for e in record.emits],
        "x-cache": {"anonymous": PUBLISHED, "about": list(record.cache)} if record.cache else None,
    }
    return {key: value for key, value in found.items() if value}


def parameters(record: Record, schemas: Schemas, names: Mapping[str, str]) -> list[Document]:
    """Those of the address and the query, then the headers."""
    in_path = set(PLACEHOLDER.findall(record.path))
    found = [
        parameter(
            names.get(camel(name), camel(name)),
            default,
            in_path=name in in_path,
            schema=dict(schemas[f"{record.name}.{name}"]),
        )
        for name, (_, default) in signature(record)[0].items()
    ]
    wanted = [name for name, applies in APPLIES.items() if applies(record)]
    return found + [{"$ref": f"#/components/parameters/{name}"} for name in wanted]


def parameter(name: str, default: Any, *, in_path: bool, schema: Document) -> Document:
    """One parameter; its description moves out of the schema, its default in."""
    is_required = in_path or default is inspect.Parameter.empty
    if not is_required and default is not None and "default" not in schema:
        schema["default"] = getattr(default, "value", default)
    description = meaning(name, schema)
    if "$ref" not in schema:
        schema.pop("description", None)
    return {
        "name": name,
        "in": "path" if in_path else "query",
        "required": is_required,
        **({"description": description} if description else {}),
        "schema": schema,
    }


FILE: Document = {"type": "string", "contentMediaType": "application/octet-stream"}


def request_body(record: Record, model: type[BaseModel], schemas: Schemas) -> Document:
    """JSON; a multipart form too, where there is a file in it; both kinds of forms, where the record says so."""
    schema = schemas[f"{record.name} body"]
    content = {"application/json": {"schema": schema}}
    files = {
        field.alias or camel(name): field.annotation
        for name, field in model.model_fields.items()
        if carries_file(field.annotation)
    }
    if files or record.form:
        whole = schemas.components[schema["$ref"].rpartition("/")[2]]
        # some clients leave an empty file out
        filled = {name: {"minLength": 1} for name in whole.get("required", ())}
        parts = {
            name: file_part(files[name], filled.get(name, {})) if name in files else without_null(part)
            for name, part in whole["properties"].items()
        }
        form = whole | {"properties": parts} | ({"additionalProperties": True} if record.any_field else {})
        kinds = [MULTIPART] + [URLENCODED] * (record.form and not files)
        content = {kind: {"schema": form} for kind in kinds} | content
    return {"required": any(field.is_required() for field in model.model_fields.values()), "content": content}


def file_part(annotation: Any, filled: Document) -> Document:
    """A file, or several of the same name."""
    return {"type": "array", "items": FILE} if is_list(annotation) else FILE | filled


def without_null(part: Document) -> Document:
    """A part of a form is a text: what is not there is left out."""
    return (
        part | {"anyOf": [way for way in part["anyOf"] if way != {"type": "null"}]}
        if "anyOf" in part
        else part
    )


def carries_file(annotation: Any) -> bool:
    """Whether a field is an upload, or may be one."""
    return annotation is Upload or any(carries_file(part) for part in get_args(annotation))


def success(record: Record, schemas: Schemas) -> Document:
    """What comes back when all is well."""
    returns = Binding.of(record).returns
    headers = {"X-Correlation-Id": {"$ref": "#/components/headers/CorrelationId"}} | problems.LIMITS
    if returned(record) is not None:
        # what else it says itself: a table, a stream
        other: Document = {"*/*": {}} if Response in get_args(returns) else {}
        content = {"application/json": {"schema": schemas[f"{record.name} answer"]}} | other
        headers |= FRESHNESS if record.method == "GET" else {}
        return {str(record.status): {"description": "Done", "headers": headers, "content": content}}
    if returns is Response and 300 <= record.status < 400:
        location = {"Location": {"schema": {"type": "string"}}}
        return {str(record.status): {"description": "Look there", "headers": headers | location}}
    if record.threads:
        events: Document = {"text/event-stream": {"schema": {"type": "string"}}}
        return {"200": {"description": "Events as they happen", "headers": headers, "content": events}}
    if returns is Response:
        return {str(record.status): {"description": "The bytes", "headers": headers, "content": {"*/*": {}}}}
    return {"204": {"description": "Done; there is nothing to say", "headers": headers}}


def unchanged(record: Record) -> Document:
    """What comes back to whoever names the ETag of what is there still."""
    if not has_etag(record):
        return {}
    return {"304": {"$ref": "#/components/responses/304"}}


def has_etag(record: Record) -> bool:
    """Whether it is a read that answers JSON."""
    return record.method == "GET" and returned(record) is not None


def accepted_body(record: Record, schemas: Schemas) -> Document:
    """What comes back as long as the answer is not ready."""
    if record.accepted_body is None:
        return {}
    headers = {
        name: {"$ref": f"#/components/headers/{ref}"}
        for name, ref in (("X-Correlation-Id", "CorrelationId"), ("Retry-After", "RetryAfter"))
    }
    content = {"application/json": {"schema": schemas[f"{record.name} accepted"]}}
    return {"202": {"description": "Not ready yet; ask again", "headers": headers, "content": content}}


FILE = {"type": "string", "contentMediaType": "application/octet-stream"}
BEARER = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "The access token that POST /api/auth/login gives, good for two hours; or an API token, which POST "
    "/api/auth/api-tokens makes.",
}
FRESHNESS: Document = {
    "ETag": {"$ref": "#/components/headers/ETag"},
    "Cache-Control": {"$ref": "#/components/headers/CacheControl"},
}
NOT_MODIFIED: Document = {"description": "Not Modified: you have it already", "headers": FRESHNESS}
HEADERS: Document = {
    "ETag": {
        "description": "The name of exactly these bytes (RFC 9110 §8.8.3); send it back as If-None-Match.",
        "schema": {"type": "string"},
        "example": '"4bf92f3577b34da6a3ce929d0e0e4736"',
    },
    "CacheControl": {
        "description": "What may keep the answer: one to nobody in particular about published things for 30 seconds what "
        "stands before us (`s-maxage`), dropped when they change; one to somebody nothing at all.",
        "schema": {"type": "string"},
        "example": "private, no-store",
    },
    "CorrelationId": {"description": "Names this call in our logs.", "schema": {"type": "string"}},
    "RateLimit": {
        "schema": {"type": "string"},
        "example": '"person";r=93;t=41',
        "description": "How many calls (`r`) are left of one limit for so many seconds (`t`), as far as the instance knows that "
        "answered: others may have served some since. On 429 it is the limit that was reached.",
    },
    "RateLimitPolicy": {
        "schema": {"type": "string"},
        "example": '"person";q=100;w=60, "household";q=300;w=60, "city";q=900;w=60',
        "description": "The limits that count here, in the order in which they are asked: `q` calls in `w` "
        "seconds (draft-ietf-httpapi-ratelimit-headers).",
    },
    "RetryAfter": {"description": "Seconds to wait.", "schema": {"type": "integer"}},
}
COMMON: Document = {
    "Tenant": {
        "name": "X-Tenant-ID",
        "in": "header",
        "schema": {"type": "string"},
        "example": "heidelberg",
        "description": "The city's id or its short name, where neither the host name nor a token says it.",
    },
    "Language": {
        "name": "Accept-Language",
        "in": "header",
        "description": "The language of messages.",
        "schema": {"type": "string"},
        "example": ", ".join(sorted(LANGUAGES)),
    },
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "schema": {"type": "string"},
        "description": "The same key with the same request gets the first answer again, and nothing is done twice.",
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "required": True,
        "schema": {"type": "string"},
        "example": '"7.4bf92f3577b34da6a3ce929d0e0e4736"',
        "description": "The ETag of what one has read: 412 where somebody has changed it since; `*` overwrites what is there.",
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "schema": {"type": "string"},
        "description": "The ETag of an answer that one has; 304 without a body where it is the same still.",
    },
    "ProofOfWork": {
        "name": "X-Proof-Of-Work",
        "in": "header",
        "schema": {"type": "string"},
        "description": "Without a token: the payload of altcha's widget for a challenge of GET /api/challenges.",
    },
    "LastEventId": {
        "name": "Last-Event-ID",
        "in": "header",
        "schema": {"type": "string"},
        "description": "The id of the last event that was seen: what came after it comes first. EventSource says it by itself.",
    },
    "AccessSecret": {
        "name": "X-Access-Secret",
        "in": "header",
        "schema": {"type": "string"},
        "description": "The secret that was shown when the thing was made: it opens it without an account. Never in an address.",
    },
    "CorrelationId": {
        "name": "X-Correlation-Id",
        "in": "header",
        "schema": {"type": "string"},
        "description": "The caller's own name for this call: up to 128 of A-Z a-z 0-9 . _ : -; others are replaced.",
    },
}
APPLIES: dict[str, Callable[[Record], bool]] = {
    "Tenant": lambda record: not record.tenantless,
    "Language": lambda _: True,
    "IdempotencyKey": lambda record: record.claims,
    "IfNoneMatch": has_etag,
    "IfMatch": lambda record: record.versioned and record.method != "GET",
    "AccessSecret": lambda record: record.by_secret,
    "ProofOfWork": lambda record: record.proof_of_work > 0,
    "LastEventId": lambda record: record.threads > 0,
    "CorrelationId": lambda _: True,
}
