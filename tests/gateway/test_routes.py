"""From method and path to function."""

import pytest

from shared.errors import MethodNotAllowed, NoSuchRoute
from shared.kit.record import Access, Method, Record
from shared.runtime.gateway.routes import Routes
from tests.gateway.support import Running
from tooling.generate.common import public

PUBLIC = Access(public=True)


def named(name: str, method: Method, path: str, access: Access = PUBLIC) -> Record:
    def handler() -> None:
        pass

    handler.__name__ = name
    return Record(handler, "http", access, method=method, path=path)


ROUTES = Routes(
    [
        named("list_things", "GET", "/api/things"),
        named("make_thing", "POST", "/api/things"),
        named("get_thing", "GET", "/api/things/{thing_id}"),
        named("change_thing", "PATCH", "/api/things/{thing_id}"),
        named("search_things", "GET", "/api/things/search"),
        named("approve_thing", "PATCH", "/api/things/{thing_id}/approve"),
        named("all_parts", "GET", "/api/things/all/parts"),
        named("get_part", "GET", "/api/things/{thing_id}/{part_id}"),
        named("resolve", "GET", "/api/inside", Access(internal=True)),
    ]
)


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/api/things", "list-things"),
        ("POST", "/api/things", "make-thing"),
        ("GET", "/api/things/7", "get-thing"),
        ("GET", "/api/things/search", "search-things"),
        ("PATCH", "/api/things/7/approve", "approve-thing"),
        ("GET", "/api/things/all/parts", "all-parts"),
        ("GET", "/api/things/all/wheel", "get-part"),
        ("GET", "/api/things/search/wheel", "get-part"),
    ],
)
def test_each_address_leads_to_its_function_and_what_is_written_out_wins(
    method: str, path: str, name: str
) -> None:
    assert ROUTES.find(method, path) == name


def test_an_address_that_is_written_out_is_nobodys_id_whatever_the_method() -> None:
    with pytest.raises(MethodNotAllowed) as refused:
        ROUTES.find("PATCH", "/api/things/search")
    assert refused.value.response_headers() == {"Allow": "GET, HEAD, OPTIONS"}
    assert ROUTES.allowed("/api/things/search") == {"GET", "HEAD"}


def test_head_is_answered_where_get_is() -> None:
    assert ROUTES.find("HEAD", "/api/things/7") == "get-thing"


def test_a_slash_at_the_end_is_forgiven() -> None:
    assert ROUTES.find("GET", "/api/things/") == "list-things"


@pytest.mark.parametrize(
    "path",
    ["/", "/api", "/api/thing", "/api/things/7/approve/now", "/api//things", "/api/things//approve", ""],
)
def test_what_nobody_has_written_down_is_not_there(path: str) -> None:
    with pytest.raises(NoSuchRoute):
        ROUTES.find("PATCH", path)


def test_a_wrong_method_is_told_the_right_ones() -> None:
    with pytest.raises(MethodNotAllowed) as refused:
        ROUTES.find("DELETE", "/api/things/7")
    assert refused.value.response_headers() == {"Allow": "GET, HEAD, OPTIONS, PATCH"}
    assert refused.value.code == "METHOD_NOT_ALLOWED"


def test_what_only_the_platform_calls_is_found_there_too_but_not_told_to_anybody() -> None:
    inside = named("resolve", "GET", "/api/inside", Access(internal=True))
    assert ROUTES.find("GET", "/api/inside") == "resolve"
    assert public([inside]) == []


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PATCH", "/api/users/terms", "GET, HEAD, OPTIONS, POST"),
        ("PATCH", "/api/users/salutations", "GET, HEAD, OPTIONS"),
        ("PATCH", "/api/tiles/order", "OPTIONS, PUT"),
        ("DELETE", "/api/cities/resolve", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_word_is_not_taken_for_an_id(gateway: Running, method: str, path: str, allowed: str) -> None:
    answer = gateway.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert gateway.options(path).headers["allow"] == allowed


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.nip.io", 421),
        ("[::1]:8080", 200),
        ("heidelberg.localhost", 200),
    ],
)
def test_only_names_of_this_machine_are_answered(gateway: Running, host: str, status: int) -> None:
    assert gateway.get("/", headers={"Host": host}).status_code == status
