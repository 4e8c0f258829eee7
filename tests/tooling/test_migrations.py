"""Migrations: one that fails is named, and no two have one number."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support import superuser
from tooling import migrate
from tooling.numbers import clashes
from tooling.stack.databases import make_database

FAILS = """
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("ALTER TABLE nowhere ADD COLUMN more text")
"""


@pytest.fixture
def empty() -> Iterator[str]:
    """A database in which nothing has run."""
    name = f"never_migrated_{uuid4().hex}"
    with superuser("postgres") as connection:
        make_database(connection, name)
        yield name
        connection.run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (FAILS, 'relation "nowhere" does not exist'),
        (FAILS.replace("op.execute", "op.exekute"), "AttributeError"),
        ("def upgrade(:", "SyntaxError"),
    ],
)
def test_one_that_fails_is_said_with_its_file_and_the_reason(
    empty: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, reason: str
) -> None:
    file = tmp_path / "functions/core/migrations/versions/0001_wrong.py"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    monkeypatch.setattr(migrate, "ROOT", tmp_path)
    monkeypatch.setattr(migrate, "access", lambda _: [])
    with pytest.raises(
        migrate.MigrationFailed, match=f"^functions/core/migrations/versions/0001_wrong.py: .*{reason}"
    ):
        migrate.upgrade(file.parents[1], empty)


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        ({"0002_more": "0001", "0002_other": "0001"}, "have one number"),
        ({"0002_more": "0001", "0003_other": "0001"}, "follow the same one"),
        ({"defects_0001_begin": "0001", "defects_0001_again": "0001"}, "have one number"),
        ({"defects_0001_begin": "0001", "parks_0001_begin": "0001", "defects_0002_more": "defects_0001"}, ""),
    ],
)
def test_numbers_that_clash_are_named_with_what_to_do(
    tmp_path: Path, names: dict[str, str], problem: str
) -> None:
    folder = tmp_path / "functions/modules/migrations/versions"
    folder.mkdir(parents=True)
    for name, down in names.items():
        (folder / f"{name}.py").write_text(f'down_revision = "{down}"\n')
    found = clashes(tmp_path)
    assert any(problem in sentence for sentence in found) if problem else not found


def test_ours_do_not_clash() -> None:
    assert clashes() == []
