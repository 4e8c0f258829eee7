"""For a moment, let the owner of a table see every city's rows: the wall comes down and up again in one
transaction.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pg8000.native import Connection


@contextmanager
def unwalled(connection: "Connection", *tables: str) -> Iterator[None]:
    """Nobody else reads or writes these tables inside the block, so nobody sees them without their wall."""
    connection.run("BEGIN")
    try:
        for table in tables:
            connection.run(f"ALTER TABLE public.{table} NO FORCE ROW LEVEL SECURITY")
        yield
        for table in tables:
            connection.run(f"ALTER TABLE public.{table} FORCE ROW LEVEL SECURITY")
        connection.run("COMMIT")
    except BaseException:
        connection.run("ROLLBACK")
        raise
