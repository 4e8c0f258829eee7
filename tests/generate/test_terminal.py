"""The catalogue, invoke and serve on the terminal."""

import json
from uuid import uuid4

import pytest

from tests.gateway.conftest import gateway  # noqa: F401 (a fixture)
from tests.gateway.support import Running
from tests.support import City
from tooling import catalogue
from tooling.command_failed import CommandFailed
from tooling.invoke import invoke, place
from tooling.registry import records
from tooling.serve import serve


def test_every_function_has_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    catalogue.show_list()
    shown = capsys.readouterr().out
    assert all(f"\n{name} " in shown for name in records())
    catalogue.show_list("core")
    assert "approve-listing" in (only := capsys.readouterr().out)
    assert "login" not in only
    with pytest.raises(CommandFailed, match="no service nowhere: .*core"):
        catalogue.show_list("nowhere")


@pytest.mark.parametrize("name", sorted(records()))
def test_every_function_can_be_shown(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    catalogue.show(name)
    shown = capsys.readouterr().out
    assert records()[name].summary in shown
    assert f"FUNCTION_TARGET={records()[name].target}" in shown


def test_a_contract_names_parameters_body_and_errors(capsys: pytest.CaptureFixture[str]) -> None:
    catalogue.show("create_listing")
    shown = capsys.readouterr().out
    for part in (
        "POST /api/listings",
        "categoryId",
        "uuid",
        "required",
        "VALIDATION_FAILED",
        "listing.created",
        "city admin",
    ):
        assert part in shown
    catalogue.show("list-listings")
    assert "draft | pending_approval | published" in capsys.readouterr().out


def test_its_errors_speak_of_itself(capsys: pytest.CaptureFixture[str]) -> None:
    catalogue.show("create-listing")
    listing = capsys.readouterr().out
    assert "it needs the permission listings:create." in listing
    assert "quota for listings is used up: 10000." in listing
    for another in ("listings:approve", "EOF", "–", "nowhere"):
        assert another not in listing
    catalogue.show("rag-query")
    assert "quota for questions is used up" in capsys.readouterr().out


def test_a_name_that_is_nearly_right_is_guessed() -> None:
    with pytest.raises(CommandFailed, match="Did you mean list-listings"):
        catalogue.show("list-listing")
    with pytest.raises(CommandFailed, match="heidi functions list"):
        serve("xyzzy")


def test_invoke_prints_the_answer_and_tells_success_by_its_code(
    gateway: Running,  # noqa: F811 (the fixture)
    city: City,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    monkeypatch.setenv("GATEWAY_URL", f"http://127.0.0.1:{gateway.port}")
    assert invoke("list-listings", b'{"limit": 1}', ["count=true"], tenant=city.tenant.slug) == 0
    assert json.loads(capfdbinary.readouterr().out) == {"items": [], "nextCursor": None, "total": 0}
    assert invoke("list-pending-listings", path="api/listings/pending", token=city.token("city_admin")) == 0
    assert json.loads(capfdbinary.readouterr().out)["items"] == []
    assert invoke("list-listings", headers={"X-Tenant-ID": "nowhere-at-all"}) == 1
    answer = capfdbinary.readouterr()
    assert answer.err.strip() in {b"404", b"503"}
    assert b'"code"' in answer.out


def test_an_id_alone_is_put_where_the_address_has_its_only_placeholder(
    gateway: Running,  # noqa: F811 (the fixture)
    city: City,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    monkeypatch.setenv("GATEWAY_URL", f"http://127.0.0.1:{gateway.port}")
    missing = str(uuid4())
    for path in (missing, f"api/listings/{missing}", f"/api/listings/{missing}"):
        assert invoke("get-listing", path=path, tenant=city.tenant.slug) == 1
        assert b'"LISTING_NOT_FOUND"' in capfdbinary.readouterr().out


@pytest.mark.parametrize(
    ("name", "path", "asked"),
    [
        ("get-city", "heidelberg", ("/api/cities/heidelberg", "GET")),
        ("update_city", "a?b", ("/api/cities/a%3Fb", "PATCH")),
        ("list-listings", "x/y", ("/x/y", "POST")),
        ("list-listings", "api/listings", ("/api/listings", "GET")),
        ("get-listing.heidi-fn", "abc", ("/api/listings/abc", "GET")),
        ("somebody-elses", "x", ("/x", "POST")),
        (
            "get-legal-text",
            "/api/cities/heidelberg/legal/imprint",
            ("/api/cities/heidelberg/legal/imprint", "GET"),
        ),
    ],
)
def test_what_a_path_stands_for(name: str, path: str, asked: tuple[str, str]) -> None:
    assert place(name, path) == asked


def test_a_path_that_is_no_address_is_answered_with_the_right_form() -> None:
    with pytest.raises(
        CommandFailed, match=r"listings/abc is no address of get-listing: --path /api/listings/<listingId>$"
    ):
        place("get-listing", "listings/abc")
    with pytest.raises(
        CommandFailed, match=r"imprint is no address of get-legal-text: --path /api/cities/<city>/legal/"
    ):
        place("get-legal-text", "imprint")


def test_the_catalogue_shows_the_form_of_a_path(capsys: pytest.CaptureFixture[str]) -> None:
    catalogue.show("get-listing")
    assert "--path /api/listings/<listingId>, with your own" in capsys.readouterr().out


def test_the_list_can_be_read_by_programs(capsys: pytest.CaptureFixture[str]) -> None:
    catalogue.show_list(as_json=True)
    assert {row["name"] for row in json.loads(capsys.readouterr().out)} == set(records())
    catalogue.show_list("core", as_json=True)
    [approve] = [row for row in json.loads(capsys.readouterr().out) if row["name"] == "approve-listing"]
    assert (approve["service"], approve["access"]) == ("core", "listings:approve")


def test_invoke_says_when_nobody_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_URL", "http://127.0.0.1:1")
    with pytest.raises(CommandFailed, match="./heidi up starts it"):
        invoke("list-listings")
    with pytest.raises(CommandFailed, match="NAME=VALUE"):
        invoke("list-listings", query=["limit"])
