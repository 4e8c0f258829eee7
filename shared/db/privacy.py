"""What tables hold about people, said at the models themselves: why, for how long, and how it is handed out
and erased.

    class Device(TenantModel):
        privacy = Personal("user_id", {"token": "address of a device for push"},
                           why="to send pushes that were asked for", kept="until the device is removed",
                           on_erasure="delete", hidden=("token",))

Every model says what it holds about people, or that it holds nothing of the kind (`Impersonal`);
docs/privacy.md is generated from that, and a test compares it with the tables (GDPR Art. 15, 17, 20, 30;
requirements §12.7).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol
from uuid import UUID

from shared.db.sql import Sql

Erasure = Literal["delete", "anonymise"]
NOBODY_ID = UUID(int=0)  # stands where an erased person stood, in columns that cannot be empty


@dataclass(frozen=True)
class Personal:
    """What one table holds about people.

    `links` are the columns with a person's id; `whose` is SQL that finds a person's rows (`:person`) where no
    column says it. `data` maps columns to what they hold, in words; `plain` are texts that say nothing about
    anybody. On erasure the rows are deleted, or each link is replaced by nobody, and the `blank` columns by
    these SQL values where the first link was the person's. `expires` is the age at which rows end by
    themselves (shared/db/migration.py: expires).
    """

    links: str | tuple[str, ...]
    data: Mapping[str, str]
    why: str
    kept: str
    on_erasure: Erasure
    whose: str = ""
    plain: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()  # never handed out: hashes, tokens
    blank: Mapping[str, str] = field(default_factory=dict)
    expires: str = ""

    @property
    def persons(self) -> tuple[str, ...]:
        """The columns with a person's id."""
        return (self.links,) if isinstance(self.links, str) else self.links

    @property
    def condition(self) -> str:
        """Which rows are a person's."""
        return self.whose or " OR ".join(f"{column} = :person" for column in self.persons)


@dataclass(frozen=True)
class Impersonal:
    """What a table holds instead, in words."""

    what: str
    expires: str = ""
    hidden: tuple[str, ...] = ()  # as above


Privacy = Personal | Impersonal


class Model(Protocol):
    """A model's class, as far as this is about it."""

    __tablename__: Any

    @property
    def privacy(self) -> Privacy:
        """What it says it holds."""


class Table(NamedTuple):
    """A table and what it holds about people; models are read as one, tables without a model are written as
    one.
    """

    name: str
    privacy: Privacy

    @classmethod
    def of(cls, model: "Model | Table") -> "Table":
        """A model's table."""
        return model if isinstance(model, Table) else cls(model.__tablename__, model.privacy)


Models = Iterable[Model | Table]


def models_of(package: str) -> Models:
    """The models of all modules in a package that have some, by their names: services in a service."""
    import importlib.util
    import pkgutil

    folder = importlib.import_module(package)
    return [
        model
        for module in pkgutil.iter_modules(folder.__path__, f"{package}.")
        if module.ispkg and importlib.util.find_spec(f"{module.name}.models")
        for model in importlib.import_module(f"{module.name}.models").MODELS
    ]


def held(models: Models) -> Iterator[tuple[str, Personal]]:
    """The tables that hold something about people."""
    for name, privacy in map(Table.of, models):
        if isinstance(privacy, Personal):
            yield name, privacy


def rows_about(sql: Sql, tenant_id: UUID, person: UUID, models: Models) -> dict[str, list[dict[str, Any]]]:
    """Everything that these tables hold about a person, by table; without secrets, which are nobody's to
    read.
    """
    return {
        table: [
            row[0]
            for row in sql.run(
                f"SELECT to_jsonb(t) - 'tenant_id' - CAST(:hidden AS text[]) FROM {table} t"  # noqa: S608 (names from the models)
                f" WHERE tenant_id = :tenant AND ({kept.condition})",
                tenant=tenant_id,
                person=person,
                hidden=list(kept.hidden),
            )
        ]
        for table, kept in held(models)
    }


def erase(sql: Sql, tenant_id: UUID, person: UUID, models: Models) -> None:
    """Delete a person's rows, or take out of them what tells who it was; done twice it changes nothing."""
    for table, kept in held(models):
        for statement in statements(table, kept):
            sql.run(
                statement,
                tenant=tenant_id,
                person=person,
                **({"nobody": NOBODY_ID} if ":nobody" in statement else {}),
            )


def statements(table: str, kept: Personal) -> Iterator[str]:
    """The SQL of one table's erasure: each link by itself, because another person may stand in the next."""
    if kept.on_erasure == "delete":
        yield f"DELETE FROM {table} WHERE tenant_id = :tenant AND ({kept.condition})"  # noqa: S608 (as above)
        return
    for column in kept.persons:
        blanks = (
            "".join(f", {name} = {value}" for name, value in kept.blank.items())
            if column == kept.persons[0]
            else ""
        )
        yield (
            f"UPDATE {table} SET {column} = :nobody{blanks}"  # noqa: S608 (as above)
            f" WHERE tenant_id = :tenant AND {column} = :person"
        )
