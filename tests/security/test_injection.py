"""What a caller writes stays text: in SQL, in cursors, in log lines, in headers, in links."""

import io
import json
import logging
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.notification.templates import render
from shared.adapters import mail
from shared.kit.record import Record
from shared.kit.settings import settings as configured
from shared.runtime.binding import Binding
from shared.telemetry.logs import JsonLines, log
from tests.adapters.conftest import thirdparty  # noqa: F401 (a fixture)
from tests.auth.people import invite, join, link_in
from tests.core.factories import make_listing, make_published
from tests.random_walk import Walk
from tests.security.reading import OUTSIDE, by_name, path_of, taken
from tests.support import City, call

LISTS = [
    r
    for r in OUTSIDE
    if r.method == "GET" and (parameters := Binding.of(r).parameters) and "limit" in parameters.model_fields
]
SQL = [
    "' OR '1'='1",
    "'; DROP TABLE listings; --",
    "1) UNION SELECT password_hash FROM accounts --",
    "created_at DESC; SELECT 1",
    "%",
    "_%",
    "\\",
    "$$",
    ":tenant",
    ":limit",
    "%(tenant)s",
    "{tenant}",
    "tenant_id",
    "*",
    "a' || (SELECT version()) || '",
    "\u02bc OR 1=1",
    "a & !b",
    "a <-> b",
    "a:*",
    "(((",
    "'a' | 'b'",
    "null",
    "true",
    "-1",
    "1e308",
    "NaN",
    "infinity",
    "0x1",
    "\u0661",
    "[]",
    "{}",
    "0.00000000-0000-0000-0000-000000000000",
    "99999999999999999.ffffffff-ffff-ffff-ffff-ffffffffffff",
    "2026-11-25T10:00:00Z",
]
FORGED = 'x\n{"level":"ERROR","message":"forged"}\r\n\x1b[31mred\x1b[0m\u2028\u0085"},{"message":"forged"'
WORDS = st.one_of(
    st.sampled_from(SQL), st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
)
BOUNDS = settings(
    max_examples=25, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)
EVIL = "evil.example"


def names_in(record: Record) -> list[str]:
    """What can be said in a query, and what looks as if it could."""
    return [*sorted(taken(record)), "sort", "order", "orderBy", "fields", "filter", "where"]


@pytest.mark.parametrize("record", LISTS, **by_name)
def test_a_list_holds_no_more_than_it_may_whatever_it_is_asked_for(
    record: Record, city: City, other_city: City
) -> None:
    make_listing(city, title="Verborgen-im-Entwurf", draft=True)
    make_published(other_city, title="Fremd-in-Ladenburg")
    own = Walk(city)

    @BOUNDS
    @given(st.dictionaries(st.sampled_from(names_in(record)), WORDS, max_size=4))
    def ask(wanted: dict[str, str]) -> None:
        for role in ("", "super_city_admin"):
            got = city.call(record.name, role, path=own.path(record), query=urlencode(wanted))
            assert got.status < 500, (wanted, got.body)
            assert b"Fremd-in-Ladenburg" not in got.raw
            assert role or b"Verborgen-im-Entwurf" not in got.raw

    ask()


@pytest.mark.parametrize("record", LISTS, **by_name)
def test_nobody_names_the_columns_of_a_list(record: Record, city: City) -> None:
    for name in ("orderBy", "fields", "where", "select", "filter"):
        got = city.call(record.name, "super_admin", path=Walk(city).path(record), query=f"{name}=tenant_id")
        assert got.status == 422, name


@pytest.mark.parametrize("record", [r for r in LISTS if "cursor" in taken(r)], **by_name)
def test_a_cursor_of_another_city_leads_nowhere_else(record: Record, city: City, other_city: City) -> None:
    """A cursor is a place in an order and no permission: whoever makes one up sees their own city from there
    on.
    """
    make_published(other_city, title="Fremd-in-Ladenburg")
    for cursor in (
        "99999999999999999.ffffffff-ffff-ffff-ffff-ffffffffffff",
        "1.00000000-0000-0000-0000-000000000000",
        "9" * 18,
        "0",
        "-1",
        "1 OR 1=1",
    ):
        got = city.call(
            record.name, "super_city_admin", path=Walk(city).path(record), query=urlencode({"cursor": cursor})
        )
        assert got.status in (200, 400, 403, 404, 422), got.body
        assert b"Fremd-in-Ladenburg" not in got.raw


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What the functions log, as it is written."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonLines())
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    yield written
    log.removeHandler(handler)
    log.setLevel(level)


def test_a_log_line_is_one_object_whatever_is_in_it(lines: io.StringIO) -> None:
    log.error(FORGED, extra={"context": {FORGED: FORGED}})
    try:
        raise ValueError(FORGED)
    except ValueError:
        log.exception(FORGED)
    written = lines.getvalue()
    assert len(written.splitlines()) == len(written.strip().split("\n")) == 2
    assert "\x1b" not in written
    assert [json.loads(line)["level"] for line in written.splitlines()] == ["ERROR"] * 2


def test_half_a_character_does_not_break_a_log_line() -> None:
    # not logged: the runner could not send it
    record = logging.LogRecord("heidi", logging.ERROR, __file__, 1, "%s", ("\ud800",), None)
    assert json.loads(JsonLines().format(record))["level"] == "ERROR"


@pytest.mark.parametrize("record", OUTSIDE, **by_name)
def test_nothing_that_is_sent_forges_a_line_in_the_log_or_a_header_in_the_answer(
    record: Record, city: City, lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError(FORGED)

    headers = dict.fromkeys(
        ("x-correlation-id", "traceparent", "user-agent", "accept-language", "referer", "x-forwarded-for"),
        FORGED,
    )
    for handler in (None, fails):  # as it is, and as if it failed with what it was sent
        if handler:
            monkeypatch.setattr("shared.runtime.binding.Binding.read", handler)
        got = call(
            record.name,
            path=path_of(record),
            query=urlencode({"q": FORGED}),
            token=city.token("super_admin"),
            tenant="" if record.tenantless else city.tenant.slug,
            body={"name": FORGED} if record.method != "GET" else None,
            headers=headers,
        )
        assert not [value for value in map(str, got.headers.values()) if {"\n", "\r", "\x1b"} & set(value)]
    written = lines.getvalue()
    found = [json.loads(line) for line in written.splitlines()]
    assert found, "the failure was not logged"
    assert not [line for line in found if line["message"] == "forged"]
    assert "\x1b" not in written


def links(city: City) -> list[str]:
    """Every link that was mailed."""
    return [link for event in city.events("notification.requested") if (link := link_in(event))]


@pytest.mark.parametrize("trusted", [False, True])
@pytest.mark.usefixtures("thirdparty")
def test_every_mailed_link_begins_with_our_own_address_whatever_host_was_called(
    city: City, trusted: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = join(city)
    monkeypatch.setattr(configured(), "trust_forwarded_for", trusted)
    headers = {
        "host": EVIL,
        "x-forwarded-host": EVIL,
        "x-forwarded-proto": "javascript",
        "forwarded": f"host={EVIL}",
        "origin": f"https://{EVIL}",
        "referer": f"https://{EVIL}/",
        "x-original-host": EVIL,
        "x-forwarded-prefix": f"//{EVIL}",
    }
    Walk(city).through("POST", "PUT", headers=headers)
    invite(city)
    for name in {r.name for r in OUTSIDE} & {"forgot-password", "register", "resend-verification"}:
        call(
            name,
            tenant=city.tenant.slug,
            headers=headers,
            body={"email": person.email if name != "register" else "neu@example.org"}
            | ({"name": "Neu", "password": "Ein ganz anderes Wort 7"} if name == "register" else {}),
        )
    assert links(city)
    base = configured().public_url
    assert not [
        link
        for link in links(city)
        if not link.startswith((f"{base}/", base.replace("//", f"//{city.tenant.slug}.")))
    ]
    assert not [event for event in city.events() if EVIL in event.text]


def test_a_link_cannot_be_bent_by_what_stands_in_it(city: City) -> None:
    invite(city, name="x\u202e", email="a+b%0d%0aBcc=x@example.org")
    [link] = [link for link in links(city) if "#token=" in link]
    assert link.startswith(f"{configured().public_url}/links/invitation#token=")
    assert not {"\n", "\r", " ", "<", ">", '"'} & set(link)


@pytest.mark.parametrize("record", OUTSIDE, **by_name)
def test_no_function_can_be_told_where_to_send_people_next(record: Record) -> None:
    """Where a function takes an address (a city's website, a page to read) nobody is sent there by it."""
    assert not {
        "redirect",
        "redirectUrl",
        "redirectUri",
        "returnTo",
        "returnUrl",
        "next",
        "continue",
        "callback",
        "callbackUrl",
        "goto",
    } & taken(record)
    assert not 300 <= record.status < 400 or not {"url", "link", "website", "location"} & taken(record)


@pytest.mark.parametrize(
    "address",
    [
        "a@b.example\r\nBcc: x@y.example",
        "a@b.example\nx",
        "a@b.example,c@d.example",
        "<a@b.example>",
        "a@b.example\u0085",
        "a b@c.example",
        "a@b.example\x00",
        "a;b@c.example",
        '"a"@b.example',
        "a@b\x1b.example",
    ],
)
def test_an_address_with_a_header_or_a_second_address_in_it_is_none(address: str, city: City) -> None:
    got = invite(city, email=address)
    assert got.status in (400, 422) or got.body["email"] == address.strip().lower()
    assert not [
        event
        for event in city.events("notification.requested")
        if {"\n", "\r", ","} & set(event.data["address"] or "")
    ]


@pytest.mark.parametrize(
    "name", ["Ada\r\nBcc: x@y.example", "Ada\nSubject: x", "Ada\x1b[31m", "Ada\u2028Bcc: x@y.example"]
)
def test_a_name_never_becomes_a_line_in_a_mails_head(name: str) -> None:
    subject = render(
        "invitation", "de", dict.fromkeys(("link", "city", "role", "name", "inviter"), name)
    ).subject
    head, _, _ = mail.compose("a@b.example", subject, "text", None, "c@d.example").content.partition(
        b"\r\n\r\n"
    )
    assert not [line for line in head.splitlines() if line.lower().startswith(b"bcc")]
    assert head.lower().count(b"subject:") == 1 or b"\nsubject: x" not in head.lower()


@pytest.mark.usefixtures("thirdparty")
@pytest.mark.parametrize(
    "filename", ['a".png', "a\r\nX: y.png", "../../etc/passwd", "a\x00.png", "a\u202egnp.exe"]
)
def test_the_name_of_a_file_leads_to_no_other_place_and_ends_no_header(filename: str, city: City) -> None:
    got = city.call(
        "request-upload",
        "editor",
        body={"filename": filename, "contentType": "image/png", "size": 9, "author": "A", "licence": "CC0"},
    )
    assert got.status in (201, 422)
    if got.status == 201:
        said = " ".join((got.body["url"], *got.body["headers"].values()))
        assert not {"\n", "\r", "\0", '"', "\u202e"} & set(said)
        assert "../" not in said
        assert "%2F" not in said.partition("?")[0]
