"""Where values are kept sealed (shared/kit/sealing.py), and how all of them change to the key that seals now."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from shared.kit.sealing import resealed
from tooling.backup.server import Server
from tooling.backup.unwalled import unwalled

if TYPE_CHECKING:
    from pg8000.native import Connection


class Column(NamedTuple):
    """A column with sealed values, and the one that holds what each is about."""

    service: str
    table: str
    name: str
    about: str

    def key_names(self, connection: "Connection") -> Iterator[str]:
        """The keys that its values are sealed with; the caller sees every city's rows."""
        if connection.run("SELECT 1 WHERE to_regclass(:name) IS NOT NULL", name=f"public.{self.table}"):
            query = f"SELECT DISTINCT split_part({self.name}, '.', 1) FROM {self.table} WHERE {self.name} IS NOT NULL"
            yield from (row[0] for row in connection.run(query) or ())

    def reseal(self, connection: "Connection") -> int:
        """Seal every value with the first key of ENCRYPTION_KEY; how many that were."""
        changed = 0
        rows = connection.run(
            f"SELECT id, {self.about}, {self.name} FROM {self.table} WHERE {self.name} IS NOT NULL"
        )
        for identity, about, value in rows or ():
            if (new := resealed(value, about)) != value:
                connection.run(
                    f"UPDATE {self.table} SET {self.name} = :new WHERE id = :id",
                    new=new,
                    id=identity,
                )
                changed += 1
        return changed


COLUMNS = (
    Column("auth", "second_factors", "secret", "account_id"),
    Column("auth", "second_factors", "pending", "account_id"),
)


def reseal(server: Server) -> int:
    """All of them, as the owner role or a superuser; afterwards only the first key of ENCRYPTION_KEY is
    needed.
    """
    changed = 0
    for column in COLUMNS:
        with server.connect(server.prefix + column.service) as connection, unwalled(connection, column.table):
            changed += column.reseal(connection)
    return changed
