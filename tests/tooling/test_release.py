"""Releases: the number follows from the commits, the words are the changelog's, and nothing happens where
something is wrong.
"""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tooling import release
from tooling.command_failed import CommandFailed
from tooling.commits import unconventional
from tooling.generate import outputs
from tooling.stack.home import ROOT

CHANGELOG = "# Changelog\n\n## Unreleased\n\n- **Tiles.** A city arranges\n  its \\start page.\n\n## 0.0.9 · 2026-01-01\n\n- Old.\n"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of ours with one commit on main; nobody's own configuration of git."""
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, "/dev/null")
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "ada@example.org")
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    for name in release.CARRIERS:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text((ROOT / name).read_text())
    release.git(tmp_path, "init", "--quiet", "--initial-branch=main")
    commit(tmp_path, "feat: the floor")
    return tmp_path


def commit(root: Path, message: str) -> None:
    release.git(root, "add", "--all")
    release.git(root, "commit", "--quiet", "--allow-empty", "-m", message)


def generate(root: Path) -> None:
    (root / "stack.yml").write_text(f"image: {version(root)}\n")


def version(root: Path) -> str:
    return str(tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"])


def released(root: Path) -> release.Release:
    planned = release.plan(root)
    release.make(root, planned, generate)
    return planned


def add_news(root: Path, text: str) -> None:
    path = root / "CHANGELOG.md"
    path.write_text(path.read_text().replace("## Unreleased\n", f"## Unreleased\n\n{text}\n", 1))
    commit(root, "docs: what is new")


def test_the_first_release_has_the_number_of_the_project(repository: Path) -> None:
    before = version(repository)
    assert released(repository).tag == f"v{before}"
    assert release.git(repository, "status", "--porcelain") == ""
    assert release.git(repository, "log", "-1", "--format=%s") == f"chore(release): {before}"
    assert (repository / "stack.yml").read_text() == f"image: {before}\n"
    assert release.git(repository, "show", "--stat", "--format=", "HEAD").count("stack.yml") == 1


def test_whatever_names_the_version_and_is_not_generated_is_carried_along(repository: Path) -> None:
    before = version(repository)
    release.git(repository, "tag", "-a", f"v{before}", "-m", before)
    commit(repository, "feat: tiles")
    number = released(repository).version
    for name in release.CARRIERS:
        text = (repository / name).read_text()
        assert before not in text, name
        assert before.replace(".", "-") not in text, name
        assert number in text or number.replace(".", "-") in text, name


def test_nothing_else_in_the_project_names_the_version() -> None:
    forms = re.compile(rf"\b{re.escape(version(ROOT))}\b|\b{re.escape(version(ROOT).replace('.', '-'))}\b")
    tracked = release.git(ROOT, "ls-files", "--", ":!tests", ":!*.lock", ":!CHANGELOG.md").splitlines()
    naming = {name for name in tracked if forms.search((ROOT / name).read_text("utf-8", errors="replace"))}
    assert naming - {"pyproject.toml"} - outputs().keys() == set(release.CARRIERS)


def test_what_is_unreleased_becomes_a_dated_section_and_the_rest_stays(repository: Path) -> None:
    planned = released(repository)
    text = (repository / "CHANGELOG.md").read_text()
    assert text.startswith(f"# Changelog\n\n## Unreleased\n\n## {planned.version} · 20")
    assert (
        text.partition("\n\n- **Tiles.**")[2]
        == " A city arranges\n  its \\start page.\n\n## 0.0.9 · 2026-01-01\n\n- Old.\n"
    )
    assert release.UNRELEASED.search(text)[1].strip() == ""  # type: ignore[index]  # no match fails, as it should


def test_the_tags_message_holds_the_words_for_users_and_the_commits(repository: Path) -> None:
    commit(repository, "fix(core): a map without places")
    message = release.git(repository, "tag", "--list", "--format=%(contents)", released(repository).tag)
    assert "- **Tiles.** A city arranges\n  its \\start page." in message
    assert (
        message.index("### New")
        < message.index("- the floor (")
        < message.index("### Mended")
        < message.index("- a map without places (")
    )


@pytest.mark.parametrize(
    ("message", "number"),
    [
        ("fix: a typo", "0.2.1"),
        ("feat: tiles", "0.3.0"),
        ("feat!: another API", "1.0.0"),
        ("fix: x\n\nBREAKING CHANGE: y", "1.0.0"),
    ],
)
def test_the_next_number_is_as_far_up_as_the_commits_ask(repository: Path, message: str, number: str) -> None:
    release.git(repository, "tag", "-a", "v0.2.0", "-m", "0.2.0")
    commit(repository, message)
    assert released(repository).version == version(repository) == number
    assert "the floor" not in release.git(repository, "tag", "--list", "--format=%(contents)", f"v{number}")


def test_planning_changes_nothing(repository: Path) -> None:
    before = release.git(repository, "rev-parse", "HEAD")
    release.plan(repository)
    assert release.git(repository, "rev-parse", "HEAD") == before
    assert release.git(repository, "tag", "--list") == release.git(repository, "status", "--porcelain") == ""


def test_no_release_is_made_from_a_state_that_nobody_else_has(repository: Path) -> None:
    (repository / "new.py").write_text("")
    with pytest.raises(CommandFailed, match="not committed"):
        release.plan(repository)
    commit(repository, "feat: new")
    release.git(repository, "checkout", "--quiet", "-b", "mine")
    with pytest.raises(CommandFailed, match="made from main; this is mine"):
        release.plan(repository)


def test_no_release_is_made_without_news_or_twice(repository: Path) -> None:
    number = released(repository).version
    with pytest.raises(CommandFailed, match="is empty"):
        release.plan(repository)
    add_news(repository, "- **More.**")
    release.git(repository, "tag", "-d", f"v{number}")
    release.git(repository, "tag", "-a", f"v{number}", "-m", "by hand", "HEAD")
    with pytest.raises(CommandFailed, match=f"v{number} exists already"):
        release.plan(repository)


def test_a_version_by_hand_in_the_changelog_alone_is_refused(repository: Path) -> None:
    (repository / "CHANGELOG.md").write_text("# Changelog\n")
    commit(repository, "docs: nothing")
    with pytest.raises(CommandFailed, match="Unreleased"):
        release.plan(repository)


def test_commits_say_what_kind_of_change_they_are() -> None:
    good = ["feat: tiles", "fix(core): a map", "feat!: another API", "chore(release): 1.0.0"]
    wrong = ["tiles", "Feat: tiles", "feat:tiles", "feature: tiles", "feat(): x", "wip", "fix: "]
    assert unconventional(good + wrong) == wrong


def test_the_check_of_commits_fails_for_one_that_does_not(repository: Path) -> None:
    def check() -> int:
        return subprocess.run(
            ["python3", "-m", "tooling.commits", "HEAD~1..HEAD"],
            cwd=repository,
            check=False,
            capture_output=True,
            env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        ).returncode

    commit(repository, "feat: this")
    assert check() == 0
    commit(repository, "changed stuff")
    assert check() == 1
