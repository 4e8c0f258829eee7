"""Runbooks at three in the morning: each command, function, path and object that they name exists."""

import re
from pathlib import Path

import pytest

from tests.deploy.commands import heidi_commands, is_accepted
from tests.support import superuser
from tooling.registry import ROOT, records

PAGES = [*sorted((ROOT / "docs" / "runbooks").glob("*.md")), ROOT / "docs" / "guides" / "releases.md"]
CODE = re.compile(r"`([^`]+)`")
PLACE = re.compile(r"(?:deploy|knative|functions|docs|tests|tooling|shared|\.github)/[\w./<>-]*\w")
VERBS = {name.partition("-")[0] for name in records()}


@pytest.fixture(params=PAGES, ids=lambda path: path.name)
def page(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def test_every_heidi_command_is_accepted(page: Path) -> None:
    for command in heidi_commands(page.read_text()):
        assert is_accepted(command), " ".join(command)


def test_the_judge_of_commands_knows_good_from_bad() -> None:
    assert [
        is_accepted(words)
        for words in heidi_commands(
            "`./heidi restore --check FILE && ./heidi nothing`, ./heidi keys lost, ./heidi up --quick, ./heidi events replay --all"
        )
    ] == [True, False, False, False, True]


def test_every_path_exists(page: Path) -> None:
    for place in PLACE.findall(page.read_text()):
        if "<" in place:
            assert list(ROOT.glob(re.sub(r"<\w+>", "*", place))), place
        else:
            assert (ROOT / place).exists(), place


def test_every_function_exists(page: Path) -> None:
    for text in CODE.findall(page.read_text()):
        if re.fullmatch(r"[a-z]+(-[a-z]+)+", text) and text.partition("-")[0] in VERBS:
            assert text in records(), text


def test_every_address_is_answered(page: Path) -> None:
    known = {(record.method, record.path) for record in records().values() if record.kind == "http"}
    for method, path in re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (/api/[^`\s]+)`", page.read_text()):
        assert (method, path) in known, (method, path)


def test_pages_are_short_and_say_what_comes_after(page: Path) -> None:
    text = page.read_text()
    assert len(text.splitlines()) <= 60
    if page.parent.name == "runbooks" and page.name != "local-stack.md":
        assert "**Afterwards" in text


def test_a_second_login_has_the_rights_and_walls_of_the_role_that_it_belongs_to() -> None:
    from uuid import uuid4

    from pg8000.native import Connection, DatabaseError

    from shared.kit.settings import settings

    name, database = f"heidi_app_{uuid4().hex[:8]}", settings().postgres_database_prefix + "core"
    one, other = uuid4(), uuid4()
    with superuser(database) as connection:
        connection.run(f"CREATE ROLE {name} LOGIN PASSWORD 'second' IN ROLE heidi_app_core")
        try:
            with Connection(
                name, host="127.0.0.1", port=settings().postgres_port, database=database, password="second"
            ) as second:
                insert = "INSERT INTO categories (id, tenant_id, slug, names) VALUES (gen_random_uuid(), :tenant, 'a', '{\"de\": \"A\"}')"
                second.run("BEGIN")
                second.run("SELECT set_config('heidi.tenant', :one, true)", one=str(one))
                second.run(insert, tenant=one)
                assert second.run("SELECT count(*) FROM categories") == [[1]]
                second.run("SELECT set_config('heidi.tenant', :other, true)", other=str(other))
                assert second.run("SELECT count(*) FROM categories") == [[0]]
                with pytest.raises(DatabaseError, match="row-level security"):
                    second.run(insert, tenant=one)
                second.run("ROLLBACK")
        finally:
            connection.run(f"DROP ROLE {name}")
