"""What every service says to the platform itself: about files that nothing refers to any more."""

from typing import Annotated, ClassVar

from pydantic import Field

from events.base import Event

Key = Annotated[str, Field(min_length=1)]
Folder = Annotated[str, Field(pattern="./$")]


class FilesAbandoned(Event):
    """The rows of these files are gone, by the transaction that says so: the files go, too. A folder is all
    keys in it.
    """

    topic: ClassVar[str] = "files.abandoned"
    keys: tuple[Key, ...] = ()
    folders: tuple[Folder, ...] = ()
