"""Make a release: its number follows from the commits (semver.org, conventionalcommits.org), its words are
the changelog's.
"""

import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tooling.command_failed import CommandFailed

CHANGELOG, PROJECT, BRANCH = "CHANGELOG.md", "pyproject.toml", "main"
UNRELEASED = re.compile(r"^## Unreleased\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)
VERSION = re.compile(r'^(version = )"[^"]*"$', re.MULTILINE)
# What names the version and is not generated: the images' own number, a manifest, the commands of guides.
CARRIERS = (
    "shared/__init__.py",
    "deploy/data/base/buckets.yaml",
    "docs/guides/cluster.md",
    "docs/guides/one-host.md",
    "docs/guides/rollouts.md",
)
NUMBER = re.compile(r"\d+\.\d+\.\d+")


@dataclass(frozen=True, slots=True)
class Release:
    """What would be, or was, released."""

    version: str
    news: str  # what users read
    commits: str  # what was done for it

    @property
    def tag(self) -> str:
        """Its name in git."""
        return f"v{self.version}"

    @property
    def notes(self) -> str:
        """The tag's message, and the page of the release."""
        return f"HEIDI {self.version}\n\n{self.news}\n\n{self.commits}\n"


def plan(root: Path) -> Release:
    """The next release; a CommandFailed when there is none to make from here."""
    require_clean(root)
    changelog = UNRELEASED.search((root / CHANGELOG).read_text("utf-8"))
    if changelog is None or not (news := changelog[1].strip()):
        raise CommandFailed(f"«Unreleased» in {CHANGELOG} is empty: say there, in users' words, what is new.")
    version = next_version(root)
    if git(root, "tag", "--list", f"v{version}"):
        raise CommandFailed(f"v{version} exists already, and no commit since then asks for another number.")
    return Release(
        version, news, cliff(root, "--unreleased", "--tag", f"v{version}", "--strip", "all").strip()
    )


def require_clean(root: Path) -> None:
    """A CommandFailed unless this is main, with everything committed."""
    if (branch := git(root, "branch", "--show-current")) != BRANCH:
        raise CommandFailed(f"Releases are made from {BRANCH}; this is {branch or 'no branch'}.")
    if git(root, "status", "--porcelain"):
        raise CommandFailed("There are changes that are not committed. Commit or stash them first.")


def next_version(root: Path) -> str:
    """What pyproject.toml says for the first release; after that the last number, as far up as the commits
    since then ask.
    """
    if not git(root, "tag", "--list", "v[0-9]*"):
        return present(root)
    version = cliff(root, "--bumped-version").strip().removeprefix("v")
    if not NUMBER.fullmatch(version):
        raise CommandFailed(f"git-cliff makes no version of the tags here: {version or 'it said nothing'}.")
    return version


def present(root: Path) -> str:
    """The version that the project has now."""
    return str(tomllib.loads((root / PROJECT).read_text("utf-8"))["project"]["version"])


def make(root: Path, release: Release, generate: Callable[[Path], None]) -> None:
    """Write the number and the changelog, generate what carries the number, commit and tag; nothing leaves
    this machine.
    """
    for name in CARRIERS:
        carry(root / name, present(root), release.version)
    rewrite(root / PROJECT, VERSION, rf'\g<1>"{release.version}"')
    section = f"## Unreleased\n\n## {release.version} · {datetime.now(UTC):%Y-%m-%d}\n\n{release.news}\n\n"
    rewrite(root / CHANGELOG, UNRELEASED, section.replace("\\", r"\\"))
    generate(root)
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", f"chore(release): {release.version}")
    git(root, "tag", "--annotate", release.tag, "--cleanup=verbatim", "--message", release.notes)


def carry(path: Path, before: str, version: str) -> None:
    """Name the new version wherever a file names the present one; as part of a Job's name it has dashes."""
    text = path.read_text("utf-8")
    for form in (".", "-"):
        text = text.replace(before.replace(".", form), version.replace(".", form))
    path.write_text(text, "utf-8")


def rewrite(path: Path, pattern: re.Pattern[str], by: str) -> None:
    """Replace the one place that a pattern finds."""
    text, times = pattern.subn(by, path.read_text("utf-8"), count=1)
    if times != 1:
        raise CommandFailed(f"{path.name} has no place for the new version.")
    path.write_text(text.rstrip() + "\n", "utf-8")


def regenerate(root: Path) -> None:
    """In a process of its own: the number was read when this one began."""
    subprocess.run(
        [sys.executable, "-m", "tooling.cli", "generate"], cwd=root, check=True, stdout=subprocess.DEVNULL
    )


def cliff(root: Path, *arguments: str) -> str:
    """What git-cliff says, by the rules of pyproject.toml."""
    program = Path(sys.executable).with_name("git-cliff")
    return output(root, str(program), "--config", PROJECT, *arguments)


def git(root: Path, *arguments: str) -> str:
    """What git says."""
    return output(root, "git", *arguments).strip()


def output(root: Path, *command: str) -> str:
    """Standard output; a CommandFailed with the last words when it fails."""
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise CommandFailed(
            f"There is no {command[0]} here. ./heidi test installs what checks and releases need."
        ) from None
    if done.returncode != 0:
        raise CommandFailed(
            f"{Path(command[0]).name} failed: {(done.stderr.strip().splitlines() or ['it gave no reason'])[-1]}"
        )
    return done.stdout
