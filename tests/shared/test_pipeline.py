"""One invocation: exactly one effect, one error body, one trace."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from functions.core.listings.listing import ListingIn
from shared.runtime.binding import Binding
from tests.core.factories import make_category, make_listing
from tests.support import City, call, deliver
from tooling.registry import records


def create(city: City, key: str, title: str = "Einmal", category: object = None):
    return city.call(
        "create-listing",
        "editor",
        body={"title": title, "categoryId": str(category or make_category(city))},
        headers={"idempotency-key": key},
    )


def test_a_repeated_idempotency_key_gives_the_first_answer_and_no_second_effect(city: City) -> None:
    category = make_category(city)
    first, second = (create(city, "key-1", category=category) for _ in range(2))
    assert (first.status, second.status) == (201, 201)
    assert first.raw == second.raw
    assert second.headers["Idempotency-Replayed"] == "true"
    assert len(city.events("listing.created")) == 1


def test_the_same_key_with_another_request_is_refused(city: City) -> None:
    category = make_category(city)
    create(city, "key-1", category=category)
    assert create(city, "key-1", title="Anders", category=category).code == "IDEMPOTENCY_KEY_REUSED"


def test_concurrent_calls_with_one_key_make_one_listing(city: City) -> None:
    category = make_category(city)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: create(city, "key-2", category=category), range(6)))
    assert {answer.raw for answer in answers} == {answers[0].raw}
    assert city.rows("core", "SELECT count(*) FROM listings") == [[1]]


def test_two_people_may_use_the_same_key(city: City) -> None:
    category = make_category(city)
    body = {"title": "Einmal", "categoryId": str(category)}
    made = {
        city.call("create-listing", role, body=body, headers={"idempotency-key": "k"}).body["id"]
        for role in ("editor", "city_admin")
    }
    assert len(made) == 2


def test_an_event_that_is_delivered_at_the_same_time_twice_has_one_effect(city: City) -> None:
    make_listing(city)
    [created] = city.events("listing.created")
    with ThreadPoolExecutor(4) as pool:
        statuses = list(
            pool.map(lambda _: deliver("notify-admins-of-pending-listing", created).status, range(4))
        )
    assert statuses == [204] * 4
    assert city.rows(
        "notification", "SELECT count(*) FROM inbox WHERE function = 'notify-admins-of-pending-listing'"
    ) == [[1]]


def test_the_error_body_is_that_of_the_requirements(city: City) -> None:
    missing = str(uuid4())
    got = city.call(
        "get-listing", path=f"/api/listings/{missing}", headers={"x-correlation-id": "req-abc-123"}
    )
    error = got.body["error"]
    assert set(error) == {"code", "message", "details", "timestamp", "correlationId", "path"}
    assert (error["code"], error["correlationId"], error["path"]) == (
        "LISTING_NOT_FOUND",
        "req-abc-123",
        f"/api/listings/{missing}",
    )
    assert got.headers["X-Correlation-Id"] == "req-abc-123"


def test_a_forged_correlation_id_is_replaced(city: City) -> None:
    got = city.call("list-listings", headers={"x-correlation-id": "a\nb {evil}"})
    assert "\n" not in got.headers["X-Correlation-Id"]
    assert "evil" not in got.headers["X-Correlation-Id"]


def test_the_trace_goes_on_from_the_call_through_its_events(city: City) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    category = make_category(city)
    city.call(
        "create-listing",
        "editor",
        body={"title": "Spur", "categoryId": str(category)},
        headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01", "x-correlation-id": "chain-1"},
    )
    [created] = city.events("listing.created")
    assert created.envelope.traceparent.split("-")[1] == trace
    assert created.envelope.correlation_id == "chain-1"


def test_a_failing_handler_changes_nothing_and_says_nothing(city: City, monkeypatch) -> None:
    listing = make_listing(city)
    monkeypatch.setattr("functions.core.listings.approve_listing.ListingOut.model_validate", lambda _: 1 / 0)
    failed = city.call("approve-listing", "city_admin", path=f"/api/listings/{listing['id']}/approve")
    assert (failed.status, failed.code) == (500, "INTERNAL_ERROR")
    assert "ZeroDivision" not in failed.raw.decode()
    assert city.events("listing.approved") == []
    assert city.rows("core", "SELECT status FROM listings") == [["pending_approval"]]


def test_a_function_is_invoked_by_name_with_its_parameters_as_json(city: City) -> None:
    listing = make_listing(city, "city_admin", publish=True)
    by_name = city.call("get-listing", method="POST", path="/", body={"listingId": listing["id"]})
    assert by_name.body["id"] == listing["id"]
    assert city.call("get-listing", method="DELETE", path=f"/api/listings/{listing['id']}").status == 405


def test_every_answer_of_a_hot_read_has_the_shape_that_it_declares(city: City) -> None:
    from typing import get_args

    from pydantic import TypeAdapter

    listing = make_listing(
        city,
        "city_admin",
        publish=True,
        location={"lat": 49.4, "lon": 8.7},
        tags=["a"],
        openingHours={"days": {"monday": [["09:00", "17:00"]]}},
        contact={"phone": "06221"},
    )
    answers = {
        "list-listings": {},
        "search-listings": {"query": "q=Stadt"},
        "nearby-listings": {"query": "lat=49.4&lon=8.7"},
        "get-listing": {"path": f"/api/listings/{listing['id']}"},
    }
    for name, parts in answers.items():
        shape = get_args(Binding.of(records()[name]).returns)[0]
        got = city.call(name, **parts)
        TypeAdapter(shape).validate_json(got.raw)
        assert listing["id"] in got.raw.decode(), name


def test_errors_speak_the_readers_language(city: City) -> None:
    german = city.call("list-listings", query="limit=0", headers={"accept-language": "de-AT,de;q=0.9"})
    assert german.headers["Content-Language"] == "de"
    assert call("list-listings", headers={"accept-language": "dk"}).headers["Content-Language"] == "da"


@pytest.mark.parametrize(
    ("sent", "line", "column"),
    [(b'{"title": "A"', 1, 13), (b'{\n "title": nothing}', 2, 12), (b'{\n"title": "\xff"}', 2, 11)],
)
def test_json_that_breaks_off_is_told_in_the_readers_language_with_the_place(
    city: City, sent: bytes, line: int, column: int
) -> None:
    got = city.call("create-listing", "editor", body=sent, headers={"accept-language": "tr"})
    assert (got.status, got.code) == (400, "MALFORMED_JSON")
    assert got.body["error"]["details"] == {"line": line, "column": column}
    assert (
        got.body["error"]["message"]
        == f"İstek geçerli bir JSON içermiyor: {line}. satır, {column}. sütundan sonrası okunamıyor."
    )


def test_a_retry_is_known_by_its_bytes_whatever_a_deploy_reads_into_them(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    category = make_category(city)
    first = create(city, "key-3", category=category)
    monkeypatch.setattr(ListingIn, "__repr__", lambda _: "ListingIn(with a new field that has a default)")
    again = create(city, "key-3", category=category)
    assert (again.status, again.raw) == (201, first.raw)
