"""What a thing or an event can be made of: `--field place:line`, `--field due_at:moment?`."""

from typing import NamedTuple, Self

from tooling.command_failed import CommandFailed
from tooling.new.words import checked

PHOTO = "photo"
RESERVED = {"id", "tenant_id", "created_at", "updated_at", "created_by"}


class Kind(NamedTuple):
    """One kind in the API, in Python, in Postgres, as a sample, and in words."""

    schema: str
    python: str
    column: str
    sample: str
    rest: str


KINDS = {
    "line": Kind("Line", "str", "sa.Text", '"Am Markt 1"', "one line"),
    "words": Kind("Words", "str", "sa.Text", '"Seit gestern."', "a text"),
    "number": Kind("int", "int", "sa.Integer", "3", "a number"),
    "flag": Kind("bool", "bool", "sa.Boolean", "True", "yes or no"),
    "day": Kind("date", "date", "sa.Date", '"2026-12-24"', "a day"),
    "moment": Kind("Instant", "datetime", "sa.DateTime(timezone=True)", '"2026-12-24T10:00:00Z"', "a moment"),
    "photo": Kind("Upload", "", "", "", "a JPEG, PNG or WebP of at most 10 MB, as multipart or base64"),
    "id": Kind("UUID", "UUID", "sa.Uuid", '"01a228d9-be9b-774a-a5fa-8a429dbe7289"', "another thing's id"),
}


class Field(NamedTuple):
    """One field; `?` behind its kind makes it one that may be left out."""

    name: str
    kind: Kind
    optional: bool

    @classmethod
    def parse(cls, text: str) -> Self:
        """`name:kind` or `name:kind?`; a CommandFailed names what can be said."""
        name, _, kind = text.partition(":")
        if checked(name, "field") in RESERVED:
            raise CommandFailed(f"Every thing has {name} already; leave it out.")
        if kind.removesuffix("?") not in KINDS:
            raise CommandFailed(
                f"--field {text}: write NAME:KIND, and the kind is one of {', '.join(KINDS)}."
            )
        if (kind.removesuffix("?") == PHOTO) != (name == PHOTO):
            raise CommandFailed(
                "A thing has one photo, and it is called so: --field photo:photo, or photo:photo?."
            )
        return cls(name, KINDS[kind.removesuffix("?")], kind.endswith("?"))

    @property
    def limits(self) -> str:
        """What a number may be: whatever a column holds."""
        return "ge=0, le=1_000_000, " if self.kind.python == "int" else ""

    @property
    def incoming(self) -> str:
        """As a client sends it."""
        said = (
            f'Field({"default=None, " if self.optional else ""}{self.limits}description="{self.kind.rest}")'
        )
        return f"{self.kind.schema}{' | None' if self.optional else ''} = {said}"

    @property
    def changing(self) -> str:
        """As a client changes it."""
        kind = f"{self.kind.schema} | None" if self.optional else f"NotNull[{self.kind.schema}]"
        return f'{kind} = Field(default=None, {self.limits}description="{self.kind.rest}")'

    @property
    def outgoing(self) -> str:
        """As a client reads it."""
        return f'{self.python} = Field(description="{self.kind.rest}")'

    @property
    def python(self) -> str:
        """Its type."""
        return f"{self.kind.python}{' | None' if self.optional else ''}"

    @property
    def event(self) -> str:
        """As an event says it."""
        return f"{self.python}{' = None' if self.optional else ''}"

    @property
    def is_text(self) -> bool:
        """Whether somebody has written it."""
        return self.kind.python == "str"
