"""PostgreSQL refuses to run as root: as root we lend it an unprivileged account and a place that the account
can reach.
"""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from tooling.command_failed import CommandFailed

NAMES = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """Whom a child process runs as."""

    name: str
    uid: int
    gid: int

    def can_reach(self, path: Path) -> bool:
        """Asked by trying, which also knows access lists and mount options."""
        command = ["/bin/sh", "-c", 'test -x "$0"', str(path)]
        try:
            return (
                subprocess.run(
                    command, user=self.uid, group=self.gid, extra_groups=[], cwd="/", check=False
                ).returncode
                == 0
            )
        except PermissionError:
            raise CommandFailed(
                "PostgreSQL refuses to run as root, and here root may not switch to another user. "
                "Run ./heidi as an ordinary user."
            ) from None


def unprivileged() -> Account | None:
    """None for ordinary users, who run everything as themselves."""
    if os.geteuid() != 0:
        return None
    for name in NAMES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise CommandFailed(
        f"PostgreSQL refuses to run as root, and there is no user {' or '.join(NAMES)} to run it as. "
        "Run ./heidi as an ordinary user."
    )


def place(wanted: Path, fallback: Path, account: Account | None) -> Path:
    """The wanted directory, made and owned; or the fallback, where the account cannot reach what root made."""
    if account is None:
        wanted.mkdir(parents=True, exist_ok=True)
        return wanted
    wanted.parent.mkdir(parents=True, exist_ok=True)
    directory = wanted if account.can_reach(wanted.parent) else own(fallback) / wanted.name
    directory.mkdir(exist_ok=True)
    if directory.stat().st_uid != account.uid:  # made just now, or the checkout was copied
        give(directory, account)
    return directory


def own(directory: Path) -> Path:
    """A directory of root's in a place where everybody may write: it must not be somebody else's trap."""
    directory.mkdir(mode=0o755, exist_ok=True)
    if directory.is_symlink() or directory.stat().st_uid != os.geteuid():
        raise CommandFailed(f"{directory} belongs to somebody else. Remove it and try again.")
    return directory


def give(directory: Path, account: Account) -> None:
    """Change the owner of everything in it."""
    for path in (directory, *directory.rglob("*")):
        os.chown(path, account.uid, account.gid, follow_symlinks=False)


def lend(package: Path, account: Account | None) -> Path:
    """The package's directory, or a copy of it where the account can run programs from."""
    if account is None or account.can_reach(package / "pginstall" / "bin" / "postgres"):
        return package
    mark = f"{package}:{(package / 'pginstall' / 'bin' / 'postgres').stat().st_mtime_ns}"
    home = own(Path("/var/tmp") / f"heidi-postgres-{sha256(mark.encode()).hexdigest()[:12]}")  # noqa: S108 (checked by own)
    copy = home / package.name
    if not copy.exists():
        libraries = package.with_name(f"{package.name}.libs")  # found by the programs relative to themselves
        if libraries.exists():
            shutil.copytree(libraries, home / libraries.name, dirs_exist_ok=True)
        shutil.rmtree(unfinished := home / "unfinished", ignore_errors=True)
        shutil.copytree(package / "pginstall", unfinished / "pginstall")
        unfinished.rename(copy)
    return copy
