"""Where a function lives: `modules/defects/report_defect`, `core/tiles/create_tile`."""

from pathlib import Path
from typing import NamedTuple, Self

from shared.i18n import MODULES
from shared.kit.features import MODULES as FEATURES
from tooling.command_failed import CommandFailed
from tooling.new.words import checked, resembling
from tooling.registry import ROOT


class Place(NamedTuple):
    """A folder of a service; of the service of modules, its first folder is the module."""

    service: str
    folders: tuple[str, ...] = ()

    @classmethod
    def of(cls, path: str) -> Self:
        """`core/tiles`; a CommandFailed when it is none, or a module that is called nearly as another."""
        service, *folders = (checked(part, "folder") for part in path.strip("/").split("/"))
        if service == MODULES and folders and (meant := resembling(folders[0], FEATURES)):
            raise CommandFailed(f"{folders[0]} is no module of the platform, but {meant} is: take that one.")
        return cls(service, tuple(folders))

    @property
    def module(self) -> str:
        """The module, which a city switches on; nothing elsewhere."""
        return self.folders[0] if self.service == MODULES and self.folders else ""

    @property
    def package(self) -> str:
        """As it is imported."""
        return ".".join(("functions", self.service, *self.folders))

    @property
    def home(self) -> Path:
        """The folder with what its service, or its module, has once: models, texts."""
        return Path("functions", self.service, *self.folders[: 1 if self.module else 0])

    @property
    def folder(self) -> Path:
        """Where its files are, from the root."""
        return Path("functions", self.service, *self.folders)

    @property
    def tests(self) -> Path:
        """Where its tests are: a module's in a folder of their own."""
        return Path("tests", self.service, *self.folders[: 1 if self.module else 0])

    @property
    def events(self) -> Path:
        """Where its events are said."""
        return (
            Path("events", self.service, f"{self.module}.py")
            if self.module
            else Path("events", f"{self.service}.py")
        )

    @property
    def events_package(self) -> str:
        """As they are imported."""
        return ".".join(self.events.with_suffix("").parts)

    @property
    def is_there(self) -> bool:
        """Whether its folder is there."""
        return (ROOT / self.folder).is_dir()
