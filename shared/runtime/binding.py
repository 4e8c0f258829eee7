"""From signature to arguments and back: path, query and body by name and type; the return type is the
response.
"""

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
    create_model,
)

from events.base import Event
from shared.errors import MalformedJson, Unauthenticated, ValidationFailed
from shared.field_errors import found as wrong_field
from shared.field_errors import wrong
from shared.kit.http import MULTIPART, URLENCODED, Json, Request, Response
from shared.kit.record import PLACEHOLDER, Record, camel
from shared.kit.settings import settings

BODY_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
PLACE = re.compile(r"line (\d+) column (\d+)")  # how the parser's message ends
OBJECT: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


# RFC 4648 §4, padded
BASE64 = "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$"


def filled(content: bytes) -> bytes:
    """What is in a file; refused where it is empty, as some clients send it in a form that has none."""
    if not content:
        raise wrong("EMPTY_FILE")
    return content


class Upload(BaseModel):
    """A file that came as a part of a multipart form, or as base64 inside JSON."""

    model_config = ConfigDict(extra="forbid", val_json_bytes="base64")
    filename: str = "upload"
    content_type: str = Field(
        "application/octet-stream", validation_alias=AliasChoices("contentType", "content_type")
    )
    content: Annotated[
        bytes,
        AfterValidator(filled),
        WithJsonSchema({"type": "string", "contentEncoding": "base64", "pattern": BASE64}),
    ]


@dataclass(frozen=True, slots=True)
class Binding:
    """What is read from a request for one handler, and how its answer is written."""

    placeholders: tuple[str, ...]
    pattern: re.Pattern[str] | None
    parameters: type[BaseModel] | None
    body_name: str | None
    body: TypeAdapter[Any] | None
    model: type[BaseModel] | None
    returns: Any
    write: Callable[[Any], bytes] | None

    @classmethod
    def of(cls, record: Record) -> "Binding":
        """Read a handler's signature once, when it is loaded."""
        hints = get_type_hints(record.handler, include_extras=True)
        returns = hints.pop("return", None)
        arguments = dict(list(inspect.signature(record.handler).parameters.items())[1:])
        body_name = next((n for n in arguments if record.method in BODY_METHODS and is_model(hints[n])), None)
        if record.kind == "event":
            body_name = next(iter(arguments))
            hints[body_name] = Any
        fields = {
            name: (hints[name], ... if p.default is p.empty else p.default)
            for name, p in arguments.items()
            if name != body_name
        }
        return cls(
            tuple(PLACEHOLDER.findall(record.path)),
            compiled(record.path),
            parameter_model(fields),
            body_name,
            TypeAdapter(hints[body_name]) if body_name else None,
            hints[body_name] if body_name and record.kind == "http" else None,
            returns,
            writer(returns),
        )

    def path_parameters(self, path: str) -> dict[str, Any] | None:
        """The placeholders' values when the path is the public one; None at /function/<name>."""
        found = self.pattern.fullmatch(path) if self.pattern else None
        return found.groupdict() if found else None

    def read(self, record: Record, request: Request) -> dict[str, Any]:
        """The handler's keyword arguments; ValidationFailed names every field that is wrong."""
        found: dict[str, Any] = {}
        errors: list[dict[str, Any]] = []
        try:
            found = self.read_parameters(self.given(record, request))
        except ValidationFailed as refused:
            errors = refused.details["errors"]
        if self.body is not None and self.body_name:
            try:
                found[self.body_name] = self.read_body(record, request)
            except ValidationFailed as refused:
                errors += refused.details["errors"]
        if errors:
            raise ValidationFailed(errors=errors)
        return found

    def read_parameters(self, given: dict[str, Any]) -> dict[str, Any]:
        """What the handler takes of path and query; there is nothing else in them."""
        model = self.parameters
        if model is not None:
            values: BaseModel = validated(lambda: model.model_validate(given), given, "query")
            return vars(values).copy()
        if given:
            raise ValidationFailed(errors=[wrong_field(name[:100], "UNKNOWN_FIELD") for name in given])
        return {}

    def given(self, record: Record, request: Request) -> dict[str, Any]:
        """Parameters from path and query, and from a JSON body when a function without one is invoked by
        name.
        """
        in_path = self.path_parameters(request.path)
        if in_path:
            return ({} if record.any_query else request.query) | {
                camel(name): value for name, value in in_path.items()
            }
        if in_path is None and self.body is None and self.parameters is not None and request.method == "POST":
            raw = request.body(settings().max_json_bytes)
            return request.query | (
                validated(lambda: OBJECT.validate_json(raw), raw, "body") if raw.strip() else {}
            )
        return request.query

    def read_body(self, record: Record, request: Request) -> Any:
        """The body as the handler's type, from JSON (`"1"` or `true` is no number there) or from a form."""
        assert self.body is not None  # noqa: S101 (read has looked)
        body = self.body
        if self.model and (request.content_type == MULTIPART or is_urlencoded(record, request)):
            fields = form_fields(record, self.model, request)
            return validated(lambda: body.validate_python(fields), fields, "body")
        if record.events:
            body = event_adapter(event_class(record, request.header("ce-type")))
        raw = request.body(limit(record, request)) or b"{}"
        if b"\\u0000" in raw:
            raise ValidationFailed.of("body", "CONTROL_CHARACTERS")
        return validated(lambda: body.validate_json(raw, strict=True), raw, "body")

    def answer(self, result: Any, status: int) -> Response:
        """The response for what the handler returned."""
        if isinstance(result, Response):
            return result
        if result is None and self.write is None:
            return Response(204)
        if self.returns in (None, type(None)):
            raise TypeError(f"it is declared to return nothing, and returned {type(result).__name__}")
        if isinstance(result, bytes) or self.write is None:
            return Response(status, result)
        return Response(status, self.write(result))


def limit(record: Record, request: Request) -> int:
    """How many bytes a body may have: a form brings files."""
    is_form = request.content_type == MULTIPART
    return record.body_limit or (settings().max_upload_bytes if is_form else settings().max_json_bytes)


def is_urlencoded(record: Record, request: Request) -> bool:
    """Whether the body is the form that the function takes besides JSON."""
    return record.form and request.content_type == URLENCODED


def form_fields(record: Record, model: type[BaseModel], request: Request) -> dict[str, Any]:
    """A form's fields as the model wants them: a list where it has one, even of a field that came once."""
    if is_urlencoded(record, request):
        from shared.kit.forms import urlencoded as form
    else:
        from shared.kit.multipart import form

    names = {field.alias or name: field.annotation for name, field in model.model_fields.items()}
    return {
        name: [value] if is_list(names.get(name)) and not isinstance(value, list) else value
        for name, value in form(request, limit(record, request)).items()
        if name in names or not record.any_field
    }


def is_list(annotation: Any) -> bool:
    """Whether a field is a list, or may be one."""
    origin = get_origin(annotation)
    if origin in (Union, UnionType, Annotated):
        return any(map(is_list, get_args(annotation)))
    return origin is list


def event_class(record: Record, type_: str) -> type[Event]:
    """The class of the event that was delivered; ValidationFailed when the function does not hear this type."""
    for event, known in zip(record.events, record.types, strict=True):
        if known in {type_, "*"}:
            return event
    raise ValidationFailed.of("ce-type", "NOT_ONE_OF", oneOf=list(record.types))


@lru_cache(1024)
def event_adapter(event: type[Event]) -> TypeAdapter[Any]:
    """The validator of an event's data."""
    return TypeAdapter(event)


def is_model(hint: Any) -> bool:
    """Whether a parameter is a body."""
    return isinstance(hint, type) and issubclass(hint, BaseModel)


def compiled(path: str) -> re.Pattern[str] | None:
    """A pattern for a public path; a trailing slash is forgiven."""
    if not path:
        return None
    parts = PLACEHOLDER.split(path)
    return re.compile(
        "".join(re.escape(part) if i % 2 == 0 else f"(?P<{part}>[^/]+)" for i, part in enumerate(parts))
        + "/?"
    )


def parameter_model(fields: dict[str, Any]) -> type[BaseModel] | None:
    """One model for path and query together; unknown query parameters are refused."""
    if not fields:
        return None
    config = ConfigDict(alias_generator=camel, populate_by_name=False, extra="forbid")
    model: type[BaseModel] = create_model("Parameters", __config__=config, **fields)
    return model


def writer(returns: Any) -> Callable[[Any], bytes] | None:
    """How the answer becomes JSON; None where nothing, or finished bytes, is returned."""
    if returns in (None, type(None), Response) or get_origin(returns) is Json or returns is Json:
        return None
    adapter = TypeAdapter(returns)
    return lambda value: adapter.dump_json(value, by_alias=True)


def validated(validate: Callable[[], Any], given: Any, place: str) -> Any:
    """What validation gives, or the problem that a client can act on; `given` is what was sent, perhaps as
    JSON.
    """
    try:
        return validate()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)
        if first[0]["type"] == "json_invalid":
            raise malformed(first[0]["msg"]) from None
        from shared.runtime.invalid_fields import told

        raise ValidationFailed(errors=told(error, given, place)) from None
    except UnicodeDecodeError as error:
        line = error.object.rfind(b"\n", 0, error.start) + 1
        raise MalformedJson(
            line=error.object.count(b"\n", 0, line) + 1, column=error.start - line + 1
        ) from None


def malformed(message: str) -> MalformedJson:
    """Where the parser gave up, without its English."""
    found = PLACE.search(message)
    return MalformedJson(line=int(found[1]) if found else 1, column=int(found[2]) if found else 1)


def bearer(request: Request) -> str:
    """The bearer token of a request; empty when there is none (faas-cli without a login sends an empty one)."""
    scheme, _, token = request.header("authorization").partition(" ")
    if scheme and scheme.lower() != "bearer":
        raise Unauthenticated
    return token.strip()
