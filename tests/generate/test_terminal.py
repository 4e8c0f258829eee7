"""The catalogue, invoke and serve on the terminal."""

import json

import pytest

from tests.gateway.conftest import gateway  # noqa: F401 (a fixture)
from tests.gateway.support import Running
from tests.support import City
from tooling import catalogue
from tooling.invoke import invoke
from tooling.problem import Problem
from tooling.registry import records
from tooling.serve import serve


def test_every_function_has_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    catalogue.show_list()
    shown = capsys.readouterr().out
    assert all(f"\n{name} " in shown for name in records())
    catalogue.show_list("core")
    assert "approve-listing" in (only := capsys.readouterr().out)
    assert "login" not in only
    with pytest.raises(Problem, match="no service nowhere: .*core"):
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


def test_a_name_that_is_nearly_right_is_guessed() -> None:
    with pytest.raises(Problem, match="Did you mean list-listings"):
        catalogue.show("list-listing")
    with pytest.raises(Problem, match="heidi functions list"):
        serve("xyzzy")


def test_invoke_prints_the_answer_and_tells_success_by_its_code(
    gateway: Running,
    city: City,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    monkeypatch.setenv("GATEWAY_URL", f"http://127.0.0.1:{gateway.port}")
    assert invoke("list-listings", b'{"limit": 1}', ["count=true"], tenant=city.tenant.slug) == 0
    assert json.loads(capfdbinary.readouterr().out) == {"items": [], "nextCursor": None, "total": 0}
    assert (
        invoke(
            "list-pending-listings", method="GET", path="api/listings/pending", token=city.token("city_admin")
        )
        == 0
    )
    assert json.loads(capfdbinary.readouterr().out)["items"] == []
    assert invoke("list-listings", headers={"X-Tenant-ID": "nowhere-at-all"}) == 1
    answer = capfdbinary.readouterr()
    assert answer.err.strip() in {b"404", b"503"}
    assert b'"code"' in answer.out


def test_invoke_says_when_nobody_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_URL", "http://127.0.0.1:1")
    with pytest.raises(Problem, match="./heidi up starts it"):
        invoke("list-listings")
    with pytest.raises(Problem, match="NAME=VALUE"):
        invoke("list-listings", query=["limit"])
