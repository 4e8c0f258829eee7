"""Where the local stack keeps its things: `.heidi/` in the repository, or what HEIDI_HOME names."""

import os
import shutil
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Self

from tooling.command_failed import CommandFailed

ROOT = Path(__file__).resolve().parents[2]
NEEDED_BYTES = 300_000_000


@dataclass(frozen=True, slots=True)
class Home:
    """The directory and what is where in it."""

    path: Path

    @classmethod
    def here(cls) -> Self:
        """The one that this command works with."""
        return cls(Path(os.path.abspath(os.environ.get("HEIDI_HOME") or ROOT / ".heidi")))  # noqa: PTH100 (keeps links)

    @property
    def state(self) -> Path:
        """Secrets and what has been done, mode 600."""
        return self.path / "state.json"

    @property
    def lock(self) -> Path:
        """Held by the supervisor as long as it lives."""
        return self.path / "lock"

    @property
    def welcome(self) -> Path:
        """What `up` says when everything is ready."""
        return self.path / "welcome"

    @property
    def triggers(self) -> Path:
        """Which function hears what (tooling/faces.py)."""
        return self.path / "triggers.json"

    @property
    def migrated(self) -> Path:
        """What each migration said when it ran (tooling/stack/migrated.py)."""
        return self.path / "migrated.json"

    @property
    def run(self) -> Path:
        """One small file per running process."""
        return self.path / "run"

    @property
    def logs(self) -> Path:
        """One file per process."""
        return self.path / "logs"

    @property
    def postgres(self) -> Path:
        """The database's directory, unless PostgreSQL's user cannot reach it."""
        return self.path / "postgres"

    @property
    def redis(self) -> Path:
        """The append-only file."""
        return self.path / "redis"

    @property
    def thirdparty(self) -> Path:
        """Objects, mails and pushes of the local third parties."""
        return self.path / "thirdparty"

    @property
    def fallback(self) -> Path:
        """For root's checkouts: a place that an unprivileged user can reach (see accounts.py)."""
        return Path("/var/tmp") / f"heidi-{sha256(str(self.path).encode()).hexdigest()[:12]}"  # noqa: S108 (checked there)

    def log(self, name: str) -> Path:
        """What the process of that name printed."""
        return self.logs / f"{name}.log"

    def is_ours(self) -> bool:
        """Did `up` ever work here? Only then may `reset` delete it."""
        return self.lock.exists() or self.state.exists()

    def prepare(self) -> None:
        """Make the directories; a CommandFailed if they cannot be made, are someone else's or the disk is
        full.
        """
        if (
            self.path.name != ".heidi"
            and self.path.is_dir()
            and any(self.path.iterdir())
            and not self.is_ours()
        ):
            raise CommandFailed(
                f"{self.path} holds something that is not HEIDI's. Move it away, or name another directory "
                "with HEIDI_HOME."
            )
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            for directory in (self.run, self.logs, self.redis, self.thirdparty):
                directory.mkdir(mode=0o700, exist_ok=True)  # mails hold invitations, logs say who did what
            self.lock.touch()
        except OSError as error:
            raise CommandFailed(
                f"{self.path} cannot be written ({error.strerror}). Run ./heidi as the owner of the checkout, "
                "or name another directory with HEIDI_HOME."
            ) from None
        if shutil.disk_usage(self.path).free < NEEDED_BYTES:
            raise CommandFailed(
                f"The disk that holds {self.path} has less than 300 MB left: free some and try again."
            )

    def remove(self) -> None:
        """Everything that `up` made, secrets and data; nothing is asked here."""
        if self.is_ours():
            shutil.rmtree(self.path)
        shutil.rmtree(self.fallback, ignore_errors=True)
