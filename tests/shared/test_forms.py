"""Forms: what is bound from them, what is refused, and what OpenAPI says of them."""

from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import pytest
from pydantic import Field

from shared.context import Context
from shared.function import http, record_of
from shared.kit.http import MULTIPART, URLENCODED
from shared.kit.record import Record
from shared.runtime.binding import Upload
from shared.runtime.pipeline import Function
from shared.schema import Schema
from tests.support import Answer, send
from tooling.generate import openapi
from tooling.generate.schemas import Schemas
from tooling.registry import contradictions

LINE = '--x\r\nContent-Disposition: form-data; name="{}"{}\r\n\r\n{}\r\n'


class Report(Schema):
    """What Open311 posts, in a few words."""

    service_code: Annotated[str, Field(max_length=20)]
    lat: float | None = None
    tags: list[str] | None = None
    attribute: dict[str, str | list[str]] | None = None
    photos: list[Upload] | None = None


class OneClick(Schema):
    """RFC 8058 §3.1."""

    list_unsubscribe: Literal["One-Click"] = Field(alias="List-Unsubscribe")


class Seen(Schema):
    """What was bound."""

    seen: dict[str, Any]


@http.post("/api/reports", public=True, tenantless=True, form=True)
def post_report(ctx: Context, report: Report) -> Seen:
    """Say what came."""
    return Seen(seen=report.model_dump(exclude_defaults=True, mode="json"))


@http.post("/api/lenient-reports", public=True, tenantless=True, form=True, any_field=True)
def post_lenient_report(ctx: Context, report: Report) -> Seen:
    """Say what came, of what was meant for us."""
    return post_report(ctx, report)


@http.post("/api/unsubscribe/{token}", public=True, tenantless=True, form=True)
def unsubscribe(ctx: Context, token: str, click: OneClick) -> Seen:
    """One click."""
    return Seen(seen={token: click.list_unsubscribe})


@http.post("/api/json-only", public=True, tenantless=True)
def take_json(ctx: Context, report: Report) -> Seen:
    """No form of that kind."""
    return post_report(ctx, report)


def posted(handler: Any, body: str | bytes, kind: str = URLENCODED, path: str = "") -> Answer:
    record = record_of(handler)
    raw = body if isinstance(body, bytes) else body.encode()
    return send(Function(record), "POST", path or record.path, raw, {"content-type": kind})


def parts(*fields: tuple[str, str], files: tuple[str, ...] = ()) -> str:
    """A multipart body."""
    named = [LINE.format(name, "", value) for name, value in fields]
    return "".join([*named, *(LINE.format(f, '; filename="a.jpg"', "bytes") for f in files), "--x--\r\n"])


def refused(answer: Answer) -> set[str]:
    assert (answer.status, answer.code) == (422, "VALIDATION_FAILED"), answer.body
    return {each["field"] for each in answer.body["error"]["details"]["errors"]}


def test_a_stock_open311_client_is_understood() -> None:
    body = "service_code=001&lat=49.41&tags=a&attribute[RICHTUNG][]=N&attribute[RICHTUNG][]=S&attribute[content]=x"
    assert posted(post_report, body).body == {
        "seen": {
            "service_code": "001",
            "lat": 49.41,
            "tags": ["a"],
            "attribute": {"RICHTUNG": ["N", "S"], "content": "x"},
        }
    }
    once = posted(post_report, "service_code=1&attribute%5BA%5D%5B%5D=N")
    assert once.body["seen"]["attribute"] == {"A": ["N"]}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (URLENCODED, "List-Unsubscribe=One-Click"),
        (f"{URLENCODED}; charset=UTF-8", "List-Unsubscribe=One-Click"),
        (f"{MULTIPART}; boundary=x", parts(("List-Unsubscribe", "One-Click"))),
    ],
)
def test_one_click_is_understood_in_both_ways_of_rfc_8058(kind: str, body: str) -> None:
    assert posted(unsubscribe, body, kind, "/api/unsubscribe/secret").body == {
        "seen": {"secret": "One-Click"}
    }


def test_several_photos_come_under_one_name_and_one_photo_is_a_list_too() -> None:
    for files in (("photos",), ("photos", "photos", "photos")):
        got = posted(post_report, parts(("serviceCode", "1"), files=files), f"{MULTIPART}; boundary=x")
        assert [photo["filename"] for photo in got.body["seen"]["photos"]] == ["a.jpg"] * len(files)


def test_what_the_function_does_not_know_is_refused_unless_a_standard_lets_others_add_to_it() -> None:
    body = "service_code=1&api_key=secret&tenantId=x"
    assert refused(posted(post_report, body)) == {"apiKey", "tenantId"}
    assert posted(post_lenient_report, body).body == {"seen": {"service_code": "1"}}


def test_a_field_that_comes_twice_is_no_single_one() -> None:
    assert refused(posted(post_report, "service_code=1&service_code=2")) == {"serviceCode"}
    assert refused(posted(post_report, "service_code=1&lat=1&lat=2")) == {"lat"}


@pytest.mark.parametrize(
    "body",
    [
        b"service_code=\xff",
        b"service_code=%ff",
        b"service_code=a%00b",
        b"service%00=1",
        b"attribute=1&attribute[x]=2",
        b"&".join(b"tags=a" for _ in range(101)),
    ],
)
def test_a_form_that_makes_no_sense_is_refused_with_a_code(body: bytes) -> None:
    got = posted(post_report, body)
    assert (got.status, got.code) == (400, "MALFORMED_FORM")


def test_a_form_may_be_as_large_as_json() -> None:
    got = posted(post_report, urlencode({"service_code": "x" * 1024 * 1024}))
    assert (got.status, got.code) == (413, "PAYLOAD_TOO_LARGE")


def test_only_functions_that_say_so_take_urlencoded_forms() -> None:
    assert posted(take_json, "service_code=1").code == "MALFORMED_JSON"
    assert posted(take_json, '{"serviceCode": "1"}').status == 200  # `curl -d`, which says it were a form


def described(handler: Any) -> Any:
    record = record_of(handler)
    schemas = Schemas(openapi.types([record]))
    return openapi.request_body(record, Report, schemas)["content"]


def test_openapi_says_which_forms_are_taken_and_whether_they_may_say_more() -> None:
    strict, lenient = (
        described(handler)[MULTIPART]["schema"] for handler in (post_report, post_lenient_report)
    )
    file = {"type": "string", "contentMediaType": "application/octet-stream"}
    assert strict["properties"]["photos"] == {"type": "array", "items": file}
    assert (strict["additionalProperties"], lenient["additionalProperties"]) == (False, True)
    assert URLENCODED not in described(take_json)

    click = record_of(unsubscribe)
    content = openapi.request_body(click, OneClick, Schemas(openapi.types([click])))["content"]
    assert set(content) == {URLENCODED, MULTIPART, "application/json"}


def test_a_form_without_a_body_is_a_contradiction() -> None:
    def read(ctx: Context) -> None:
        """Takes nothing."""

    record: Record = record_of(http.post("/api/x", public=True, form=True)(read))
    assert contradictions([record]) == ["read: it takes a form, and has no body"]
