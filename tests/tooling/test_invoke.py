"""`./heidi invoke`: who calls, with which body, and what is said when there is no such function."""

import json
from pathlib import Path

import pytest

from tooling.cli.functions import body
from tooling.command_failed import CommandFailed
from tooling.invoke import Answer, message_of, person, refuse_unknown

UNKNOWN = Answer(404, json.dumps({"error": {"code": "FUNCTION_NOT_FOUND", "message": "not found"}}).encode())


@pytest.mark.parametrize(
    ("user", "tenant", "found"),
    [
        ("editor", "heidelberg", ("editor@heidelberg.example", "heidelberg")),
        ("city_admin", "heidelberg", ("city-admin@heidelberg.example", "heidelberg")),
        ("editor@ladenburg.example", None, ("editor@ladenburg.example", "ladenburg")),
        ("super_admin", None, ("super-admin@platform.example", "platform")),
        ("super-admin", "heidelberg", ("super-admin@platform.example", "platform")),
        ("super-admin@platform.example", "heidelberg", ("super-admin@platform.example", "platform")),
    ],
)
def test_a_role_and_an_address_lead_to_a_person_and_where_they_are_at_home(
    user: str, tenant: str | None, found: tuple[str, str]
) -> None:
    assert person(user, tenant) == found


def test_a_role_without_a_city_is_asked_for_one() -> None:
    with pytest.raises(
        CommandFailed, match="--as editor --tenant heidelberg, or --as editor@heidelberg.example"
    ):
        person("editor", None)


def test_a_role_without_a_city_is_of_the_one_that_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ladenburg.json").touch()
    monkeypatch.setattr("tooling.invoke.CITIES", tmp_path)
    assert person("editor", None) == ("editor@ladenburg.example", "ladenburg")


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "body.json").write_bytes(b"{}")
    assert body(f"@{tmp_path / 'body.json'}") == b"{}"
    for wrong in ("nofile", str(tmp_path), ""):
        with pytest.raises(CommandFailed, match="cannot be read"):
            body(f"@{wrong}")


def test_a_function_that_does_not_exist_is_answered_with_those_that_may_have_been_meant() -> None:
    with pytest.raises(CommandFailed, match="There is no function list-listing. Did you mean list-listings"):
        refuse_unknown("list-listing", UNKNOWN)
    refuse_unknown("list-listings", UNKNOWN)  # it exists, and somebody has removed it here
    refuse_unknown("list-listing", Answer(404, b'{"error": {"code": "LISTING_NOT_FOUND"}}'))


def test_a_refusal_is_shown_as_its_sentence() -> None:
    assert message_of(UNKNOWN) == "not found"
    assert message_of(Answer(502, b"<html>")) == "<html>"
