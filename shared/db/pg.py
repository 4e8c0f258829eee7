"""Postgres through pg8000: prepared statements, several in one round trip, and a small pool per database.

Messages between two Syncs are one round trip, and outside a transaction block one implicit transaction; so a
statement and the tenant setting that guards it travel together (PostgreSQL documentation §55.2.3 and
§55.2.4).
"""

import os
import socket
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from struct import Struct
from typing import Any

from pg8000 import core, dbapi
from pg8000.converters import make_param
from pg8000.native import to_statement

from shared.db import roles
from shared.errors import Busy, Problem, Unavailable
from shared.kit.misconfiguration import caused_by_tls, misconfigured
from shared.kit.settings import Settings, settings
from shared.kit.shares import Shares

Row = list[Any]
Statement = tuple[str, dict[str, Any]]
LOST = (core.InterfaceError, OSError, EOFError)
HEADER, LENGTH, COUNT = Struct("!ci"), Struct("!i"), Struct("!H")
NULL = LENGTH.pack(-1)
EXECUTE: bytes = core.EXECUTE_MSG
ROW, DONE, READY = core.DATA_ROW, core.COMMAND_COMPLETE, core.READY_FOR_QUERY
CLOSED = "PostgreSQL has closed the connection"
DESCRIBE = b"D" + LENGTH.pack(6) + b"S\0"  # the unnamed statement
# password or role, database, privilege: SQLSTATE classes (PostgreSQL appendix A)
OURS_TO_MEND = frozenset({"28", "3D", "42"})
parse = lru_cache(4096)(to_statement)
here = threading.local()


class Prepared:
    """One statement that the server has parsed on one connection."""

    __slots__ = ("decoders", "head", "make_values")

    def __init__(self, name: bytes, decoders: Any, make_values: Any) -> None:
        self.head = b"\0" + name + b"\0\0"  # the unnamed portal, this statement, all parameters as text
        self.decoders, self.make_values = decoders, make_values

    def message(self, types: Any, values: dict[str, Any]) -> bytes:
        """Bind these values and execute (PostgreSQL documentation §55.7). TypeError names a value that is
        missing.
        """
        try:
            given = self.make_values(values)
        except core.InterfaceError as error:  # pg8000 would call a value that is missing a lost connection
            raise TypeError(str(error)) from None
        parts = [self.head, COUNT.pack(len(given))]
        for value in given:
            text = value if type(value) is str else make_param(types, value)
            if text is None:
                parts.append(NULL)
            else:
                said = text.encode()
                parts += (LENGTH.pack(len(said)), said)
        body = b"".join((*parts, b"\0\0"))
        return b"B" + LENGTH.pack(len(body) + 4) + body + EXECUTE


class Unnamed(Prepared):
    """One statement that travels as text each time: behind a pooler, no server connection has to remember it."""

    __slots__ = ("parse",)

    def __init__(self, text: str, make_values: Any) -> None:
        super().__init__(b"\0", (), make_values)
        body = b"\0" + text.encode() + b"\0\0\0"
        self.parse = b"P" + LENGTH.pack(len(body) + 4) + body + DESCRIBE

    def message(self, types: Any, values: dict[str, Any]) -> bytes:
        """Parse, describe, bind, execute."""
        return self.parse + super().message(types, values)


class Batch(core.Context):  # type: ignore[misc]  # pg8000 carries no types
    """What comes back for the statements of one round trip."""

    def __init__(self, decoders: list[Any]) -> None:
        super().__init__("BATCH")
        self.decoders = decoders
        self.results: list[list[Row]] = []
        self.rows: list[Row] = []

    def add(self, data: bytes) -> None:
        """One row of the current statement; without decoders its values stay bytes."""
        decoders, row, at = self.decoders[len(self.results)], [], 2
        for number in range(int.from_bytes(data[:2], "big")):
            length = LENGTH.unpack_from(data, at)[0]
            value = None if length < 0 else data[at + 4 : at + 4 + length]
            row.append(decoders[number](value.decode()) if decoders and value is not None else value)
            at += 4 + max(length, 0)
        self.rows.append(row)

    def describe(self, decoders: Any) -> None:
        """How to read the current statement's rows, unless they are to stay bytes."""
        if self.decoders[len(self.results)] is not None:
            self.decoders[len(self.results)] = decoders

    def finish_statement(self) -> None:
        """Close the current statement's rows and turn to the next one's."""
        self.results.append(self.rows)
        self.rows = []


@dataclass(slots=True)
class Borrower:
    """A thread, and how many connections it has borrowed; they may be given back by another one."""

    lent: int = 0


class Connection(dbapi.Connection):  # type: ignore[misc]  # pg8000 carries no types
    """A DB-API connection (SQLAlchemy can borrow it) that also runs prepared statements in batches."""

    _usock: Any = None  # pg8000 sets it when there is somebody at the other end

    def __init__(self, *, named: bool = True, **parameters: Any) -> None:
        try:
            super().__init__(**parameters)
        except BaseException:
            sever(self)
            raise
        self.autocommit = True
        self.borrower, self.tenant = Borrower(), ""
        self.named = named
        self.prepared: dict[str, Prepared] = {}
        self.described: dict[bytes, Any] = {}

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction block is open."""
        found: bool = self._in_transaction
        return found

    def prepare(self, sql: str) -> Prepared:
        """The prepared statement for `sql`, whose parameters are written `:name`."""
        found = self.prepared.get(sql)
        if found is None:
            text, make_values = parse(sql)
            found = self.prepared[sql] = (
                self.prepare_named(text, make_values) if self.named else Unnamed(text, make_values)
            )
        return found

    def prepare_named(self, text: str, make_values: Any) -> Prepared:
        """Have the server parse it under a name, in a round trip of its own."""
        name, _columns, decoders = self.prepare_statement(text, ())
        return Prepared(name, decoders, make_values)

    def handle_ROW_DESCRIPTION(self, data: bytes, context: core.Context) -> None:  # noqa: N802 (pg8000's name)
        """Unnamed statements describe their rows every time; the same description is read once."""
        if not isinstance(context, Batch):
            super().handle_ROW_DESCRIPTION(data, context)
            return
        if data not in self.described:
            super().handle_ROW_DESCRIPTION(data, context)
            self.described[data] = context.input_funcs
        context.describe(self.described[data])

    def batch(self, statements: Sequence[Statement], *, raw: bool = False) -> list[list[Row]]:
        """Run the statements in one round trip; the rows of each, the last one's as bytes if `raw`.

        An error leaves none of them done.
        """
        prepared = [self.prepare(sql) for sql, _ in statements]
        messages = [
            one.message(self.py_types, values) for one, (_, values) in zip(prepared, statements, strict=True)
        ]
        decoders = [one.decoders for one in prepared]
        answers = Batch([*decoders[:-1], None] if raw else decoders)
        if self._usock is None:
            raise core.InterfaceError("the connection is closed")
        try:
            self._sock.write(b"".join((*messages, core.SYNC_MSG)))
            self._sock.flush()
            self.hear(answers)
        except BaseException:
            discard(self)  # what is still on its way would be the next caller's answer
            raise
        if answers.error is not None:
            raise answers.error
        return answers.results

    def hear(self, answers: Batch) -> None:
        """Read until the server is ready for more; EOFError where it has gone.

        Rows are read here, in half of pg8000's time; the rest is left to it.
        """
        code, read, headed = None, self._sock.read, HEADER.unpack
        while code != READY:
            head = read(5)
            if len(head) < 5:
                raise EOFError(CLOSED)
            code, length = headed(head)
            data = read(length - 4)
            if len(data) < length - 4:
                raise EOFError(CLOSED)
            if code == ROW:
                answers.add(data)
            elif code == DONE:
                answers.finish_statement()
            else:
                self.message_types[code](data, answers)


def borrower() -> Borrower:
    """This thread."""
    if not hasattr(here, "borrower"):
        here.borrower = Borrower()
    found: Borrower = here.borrower
    return found


def parameters(database: str, config: Settings, user: str, password: str) -> dict[str, Any]:
    """Connection parameters; a POSTGRES_HOST that starts with / is a directory with the server's socket."""
    if config.database_url:
        from urllib.parse import unquote, urlsplit

        url = urlsplit(config.database_url)
        where: dict[str, Any] = {"host": url.hostname, "port": url.port or 5432}
        if user == config.postgres_user and url.username:
            user, password = unquote(url.username), unquote(url.password or "")
    elif config.postgres_host.startswith("/"):
        where = {"unix_sock": f"{config.postgres_host}/.s.PGSQL.{config.postgres_port}"}
    else:
        where = {"host": config.postgres_host, "port": config.postgres_port}
    bounds = roles.BOUNDS | {"statement_timeout": f"{config.postgres_statement_timeout}s"}
    return where | {
        "user": user,
        "password": password,
        "database": database,
        "timeout": 30,
        "startup_params": bounds,
    }


class Pool:
    """Connections to one database as one role: the last one given back is the first one taken."""

    def __init__(self, database: str, user: str, password: str) -> None:
        self.parameters = parameters(database, settings(), user, password)
        self.idle: deque[Connection] = deque()
        self.shares = Shares(settings().postgres_pool_size)

    def connect(self) -> Connection:
        """A new connection; Unavailable when the server does not answer, Misconfigured when it knows us not."""
        try:
            connection = Connection(named=settings().postgres_prepared, **self.parameters)
        except (*LOST, dbapi.DatabaseError) as error:
            raise self.refusal(error) from error
        wire = connection._usock
        wire.settimeout(None)  # that bounded connecting; statement_timeout bounds statements
        # pg8000 leaves Nagle on: a message over 8 KiB would wait for a delayed ACK
        if wire.family != socket.AF_UNIX:
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def refusal(self, error: Exception) -> Problem:
        """Why there is no connection: weather, or a setting that somebody must mend."""
        if error_code(error)[:2] in OURS_TO_MEND or caused_by_tls(error):
            return misconfigured(
                "postgres",
                error,
                sqlstate=error_code(error),
                **{
                    name: self.parameters.get(name)
                    for name in ("host", "unix_sock", "port", "database", "user")
                },
            )
        return Unavailable(dependency="postgres")

    def borrow(self, tenant: str = "") -> Connection:
        """Take a connection, which `give_back` must get; Busy when this tenant has none within
        POSTGRES_POOL_PATIENCE seconds.

        Who has one already does not wait for another: two that did could wait for each other.
        """
        mine = borrower()
        if not self.shares.take(tenant, 0 if mine.lent else settings().postgres_pool_patience):
            raise Busy(dependency="postgres pool")
        try:
            connection = self.idle.pop() if self.idle else self.connect()
        except BaseException:
            self.shares.give_back(tenant)
            raise
        connection.borrower, connection.tenant = mine, tenant
        mine.lent += 1
        return connection

    def give_back(self, connection: Connection) -> None:
        """Keep a healthy connection for the next caller; one that is broken or in a transaction is closed."""
        if connection._usock is None or connection.in_transaction:
            discard(connection)
        else:
            self.idle.append(connection)
        connection.borrower.lent -= 1
        self.shares.give_back(connection.tenant)

    @contextmanager
    def take(self) -> Iterator[Connection]:
        """Lend a connection for a block."""
        connection = self.borrow()
        try:
            yield connection
        finally:
            self.give_back(connection)

    def clear(self) -> None:
        """Forget idle connections, for instance because the server went away."""
        while self.idle:
            discard(self.idle.pop())


def discard(connection: Connection) -> None:
    """Close a connection whatever state it is in."""
    wire = connection._usock
    try:
        connection.close()
    except (*LOST, dbapi.DatabaseError):
        connection._usock = wire
        sever(connection)


def sever(connection: Connection) -> None:
    """Close the socket itself: pg8000's buffer would keep it open for what it could not send."""
    wire, connection._usock = connection._usock, None
    if wire is not None and wire.fileno() >= 0:
        os.close(wire.detach())


@lru_cache
def pool(database: str) -> Pool:
    """The pool for a service's database, as the role of its functions."""
    return Pool(database, *login(database))


def login(database: str) -> tuple[str, str]:
    """Role and password: the service's own, made from POSTGRES_ROLES_SECRET where one process serves several,
    or else as set.
    """
    config = settings()
    if config.postgres_roles_secret is None:
        return config.postgres_user, config.postgres_password.get_secret_value()
    role = roles.of(database)
    return role, roles.password(config.postgres_roles_secret.get_secret_value(), role)


def error_code(error: Exception) -> str:
    """The SQLSTATE of a database error, or the empty string."""
    fields = error.args[0] if error.args else None
    return str(fields.get("C", "")) if isinstance(fields, dict) else ""
