"""Calls of a function that one can paste: with a body that fits its schema, as somebody of the demonstration who
may make them.
"""

import inspect
import json
import re
import shlex
from collections.abc import Mapping
from typing import Any

from shared.auth.rbac import CITIZEN, CITY_ADMIN, EDITOR, SUPER_ADMIN, SUPER_CITY_ADMIN
from shared.kit.record import PLACEHOLDER, Record, camel
from tooling.generate.access import mark
from tooling.generate.openapi import signature
from tooling.generate.schemas import Schemas

CITY, ID = "heidelberg", "3f1c2a80-7d5e-4b6a-9c1d-2e8f5a7b9c40"
ROLES = (CITIZEN, EDITOR, CITY_ADMIN, SUPER_CITY_ADMIN, SUPER_ADMIN)  # the least that may, first
BY_FORMAT = {
    "uuid": ID,
    "date-time": "2027-05-01T10:00:00Z",
    "date": "2027-05-01",
    "time": "10:00:00",
    "email": "editor@heidelberg.example",
    "uri": "https://example.org/",
    "binary": "",
    "password": "Rathaus-am-Fluss-7",
}
BY_NAME = {
    "email": "editor@heidelberg.example",
    "password": "Rathaus-am-Fluss-7",
    "language": "de",
    "title": "Sommerfest im Stadtpark",
    "reason": "Das Foto zeigt Personen.",
    "latitude": 49.41,
    "longitude": 8.69,
    "city": CITY,
    "slug": "neckargemuend",
    "service": "core",
    "domain": "app.heidelberg.example",
}
# what no schema tells: one of several fields has to be there
ALSO = {
    "register-app": {"bundleId": "de.heidelberg.app"},
    "register-device": {"token": "a-token-of-the-push-service"},
}
# the first that a pattern and its lengths take
STRINGS = (
    "Stadtbad",
    "stadtbad",
    "https://example.org/",
    "editor@heidelberg.example",
    "#0b5cad",
    "10:00",
    "123456",
    "listings:read",
    "/categories",
    "example.heidelberg",
    "1.0.0",
    "+49 6221 5810",
    "U3RhZHRiYWQ=",
    "de",
    "A" * 43,
    "A" * 87,
    "Ein Satz, der lang genug ist, um zu sagen, worum es geht.",
)


def calls(record: Record, gateway: str) -> list[str]:
    """By `./heidi invoke`, and by curl; none of what only the platform calls."""
    if record.kind != "http" or record.access.internal:
        return []
    role = None if record.access.public else least(record)
    body, query = sample_body(record), sample_query(record)
    return [invoked(record, role, body, query), *curled(record, role, body, query, gateway)]


def least(record: Record) -> str:
    """The role that may call it and may do least besides."""
    return next((role for role in ROLES if mark(record, role) != "–"), SUPER_ADMIN)


def invoked(record: Record, role: str | None, body: str, query: Mapping[str, str]) -> str:
    """One line for the shell."""
    words = ["./heidi", "invoke", record.name]
    words += [] if record.tenantless else ["-t", CITY]
    words += ["--as", role.replace("_", "-")] if role else []
    words += ["--path", where(record)] if "{" in record.path else []
    words += [word for name, value in query.items() for word in ("-q", f"{name}={value}")]
    return shlex.join(words + (["--data", body] if body else []))


def curled(record: Record, role: str | None, body: str, query: Mapping[str, str], gateway: str) -> list[str]:
    """A line that logs in, where that is needed, and one that calls."""
    from tooling.seed.accounts import DEMO_PASSWORD

    home = "platform" if role == SUPER_ADMIN else CITY
    lines = []
    if role:
        person = {"email": f"{role.replace('_', '-')}@{home}.example", "password": DEMO_PASSWORD}
        login = shlex.join(
            [
                "curl",
                "-s",
                f"{gateway}/api/auth/login",
                "-H",
                f"X-Tenant-ID: {home}",
                "--json",
                json.dumps(person),
            ]
        )
        lines.append(
            f"TOKEN=$({login} | python3 -c 'import json, sys; print(json.load(sys.stdin)[\"accessToken\"])')"
        )
    asked = "?" + "&".join(f"{name}={value}" for name, value in query.items()) if query else ""
    words = ["curl", "-X", record.method, f"{gateway}{where(record)}{asked}"]
    words += [] if record.tenantless else ["-H", f"X-Tenant-ID: {CITY}"]
    words += ["-H", "If-Match: *"] if record.versioned and record.method != "GET" else []
    words += ["--json", body] if body else []
    return [*lines, shlex.join(words) + (' -H "Authorization: Bearer $TOKEN"' if role else "")]


def where(record: Record) -> str:
    """Its address with something in each placeholder."""
    schemas = parameters_of(record)
    return PLACEHOLDER.sub(
        lambda found: str(
            record.among[0] if record.among else sample(schemas[found[1]], schemas, camel(found[1]))
        ),
        record.path,
    )


def sample_query(record: Record) -> dict[str, str]:
    """What it cannot be asked without."""
    schemas, given = parameters_of(record), signature(record)[0]
    in_path = set(PLACEHOLDER.findall(record.path))
    needed = [name for name, (_, default) in given.items() if name not in in_path and is_needed(default)]
    return {camel(name): str(sample(schemas[name], schemas, camel(name))) for name in needed}


def is_needed(default: object) -> bool:
    """Whether a parameter has no default."""
    return default is inspect.Parameter.empty


def parameters_of(record: Record) -> Schemas:
    """The schemas of what its path and query hold."""
    return Schemas({name: (hint, "validation") for name, (hint, _) in signature(record)[0].items()})


def sample_body(record: Record) -> str:
    """A body with what is required, as JSON; nothing where it has none."""
    if not (found := signature(record)[1]):
        return ""
    schemas = Schemas({"body": (found[1], "validation")})
    made = sample(schemas["body"], schemas, "")
    return json.dumps(
        made | ALSO.get(record.name, {}) if isinstance(made, dict) else made, ensure_ascii=False
    )


def sample(schema: Mapping[str, Any], known: Schemas, name: str) -> Any:
    """A value that fits."""
    if "$ref" in schema:
        return sample(known.components[schema["$ref"].rpartition("/")[2]], known, name)
    if fixed := [schema["const"]] if "const" in schema else schema.get("enum"):
        return fixed[0]
    if choices := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
        return sample(next(each for each in choices if each.get("type") != "null"), known, name)
    kind = schema.get("type", "object" if "properties" in schema else "string")
    makers = {"object": thing, "array": several}
    return makers[kind](schema, known, name) if kind in makers else plain(kind, schema, name)


def thing(schema: Mapping[str, Any], known: Schemas, _: str) -> dict[str, Any]:
    """What is required of an object; one entry of what has names of its own."""
    properties = schema.get("properties", {})
    if not properties and schema.get("minProperties"):
        names = schema.get("propertyNames", {}).get("enum", ["de"])
        if isinstance(value := schema.get("additionalProperties", True), dict):
            return {("de" if "de" in names else names[0]): sample(value, known, "")}
        ((_, value),) = [*schema.get("patternProperties", {}).items()][:1] or [("", {})]
        return {names[0]: sample(value, known, "")}
    needed = schema.get("required") or [*properties][: schema.get("minProperties", 1)]
    return {each: sample(properties[each], known, each) for each in needed}


def several(schema: Mapping[str, Any], known: Schemas, name: str) -> list[Any]:
    """One, or as many as are required."""
    parts = schema.get("prefixItems") or [schema.get("items", {})] * max(1, schema.get("minItems", 1))
    return [sample(part, known, name) for part in parts]


def plain(kind: str, schema: Mapping[str, Any], name: str) -> Any:
    """A number, a truth, a text."""
    if kind in {"integer", "number"}:
        return number(schema, BY_NAME.get(name))
    return True if kind == "boolean" else text(schema, name)


def number(schema: Mapping[str, Any], wanted: object) -> Any:
    """The one that its name stands for, or the least that is taken."""
    least_ = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
    return wanted if isinstance(wanted, int | float) else least_


def text(schema: Mapping[str, Any], name: str) -> str:
    """The first that the pattern and the lengths take."""
    first = [BY_NAME[name]] if name in BY_NAME else []
    first += [BY_FORMAT[schema["format"]]] if schema.get("format") in BY_FORMAT else []
    for candidate in (str(each) for each in (*first, *STRINGS)):
        fits = schema.get("minLength", 0) <= len(candidate) <= schema.get("maxLength", 10_000)
        if fits and re.search(schema.get("pattern", ""), candidate):
            return candidate
    return "…"
