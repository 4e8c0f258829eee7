"""One invocation's transaction: SQL in as few round trips as it takes, under the tenant's row-level security."""

import logging
from collections.abc import Callable
from typing import Any
from uuid import UUID

from shared.db.errors import foreseen
from shared.db.pg import LOST, Connection, Pool, Row, Statement, discard
from shared.errors import Unavailable
from shared.kit.http import Json

GUARD = "SELECT set_config('heidi.tenant', :tenant, true)"
NAMED_GUARD = "SELECT set_config('heidi.tenant', :tenant, true), set_config('heidi.who', :who, true)"
BEGIN = "BEGIN"
COMMIT = "COMMIT"
ROLLBACK = "ROLLBACK"
log = logging.getLogger("heidi.sql")


class Sql:
    """A lazily opened transaction for one tenant.

    Nothing is sent before the first statement. A read-only invocation never opens a transaction block: each
    statement travels with the tenant setting in one round trip. Statements use `:name` parameters. `who` is
    on whose behalf: what the tables themselves note beside every change (shared/db/migration.py: `audited`).
    """

    def __init__(self, pool: Pool, tenant_id: UUID, *, read_only: bool = False, who: str = "") -> None:
        self.pool = pool
        self.who = who
        self.guard = guard(tenant_id, who)
        self.read_only = read_only
        self.connection: Connection | None = None
        self.is_open = False
        self.waiting: list[Statement] = []
        self.after_commit: list[Callable[[], None]] = []
        self.gathered: dict[Callable[[list[Any]], object], list[Any]] = {}
        self.after_rollback: list[Callable[[], None]] = []

    def run(self, sql: str, **values: Any) -> list[Row]:
        """The rows of one statement."""
        return self.send([(sql, values)])[-1]

    def one(self, sql: str, **values: Any) -> Row | None:
        """The first row of one statement, or None."""
        rows = self.run(sql, **values)
        return rows[0] if rows else None

    def json(self, sql: str, **values: Any) -> Json[Any]:
        """JSON text that the statement built (one row, one column of type text), untouched."""
        return Json(self.send([(sql, values)], raw=True)[-1][0][0])

    def json_or_none(self, sql: str, **values: Any) -> Json[Any] | None:
        """As `json`, for a statement that may find nothing."""
        rows = self.send([(sql, values)], raw=True)[-1]
        return Json(rows[0][0]) if rows else None

    def queue(self, sql: str, **values: Any) -> None:
        """Queue a statement that travels with the next one, or with the commit."""
        self.waiting.append((sql, values))

    def enter(self, tenant_id: UUID) -> None:
        """Go on under another tenant's row-level security."""
        before, self.guard = self.guard, guard(tenant_id, self.who)
        if self.is_open:
            self.waiting.append(self.guard)
        elif self.waiting:  # what was queued before belongs to whom it was queued for
            said = self.waiting[0][0] in {GUARD, NAMED_GUARD}
            self.waiting = [*([] if said else [before]), *self.waiting, self.guard]

    def act_for(self, who: str) -> None:
        """Go on, on somebody else's behalf."""
        self.who = who
        self.enter(UUID(self.guard[1]["tenant"]))

    def begin(self) -> Connection:
        """Open the transaction block if there is none and return its connection (for the ORM)."""
        if not self.is_open or self.waiting:
            self.send([], block=True)
        assert self.connection is not None  # noqa: S101 (send has just opened it)
        return self.connection

    def send(self, statements: list[Statement], *, block: bool = False, raw: bool = False) -> list[list[Row]]:
        """Send what waits and these statements in one round trip, opening the transaction where needed."""
        block = block or not self.read_only
        opening = [] if self.is_open else [(BEGIN, {}), self.guard] if block else [self.guard]
        batch = [*opening, *self.waiting, *statements]
        self.waiting = []
        fresh = self.connection is None
        try:
            results = self.borrowed().batch(batch, raw=raw)
        except LOST as error:
            if not fresh or self.is_open:
                raise Unavailable(dependency="postgres") from error
            results = self.reconnected(batch, raw=raw)
        self.is_open = self.is_open or block
        return results

    def borrowed(self) -> Connection:
        """The connection of this invocation."""
        if self.connection is None:
            self.connection = self.pool.borrow(self.guard[1]["tenant"])
        return self.connection

    def reconnected(self, batch: list[Statement], *, raw: bool) -> list[list[Row]]:
        """The server went away while the connection was idle: nothing was done yet, so once more on a new
        one.
        """
        self.drop()
        self.pool.clear()
        try:
            return self.borrowed().batch(batch, raw=raw)
        except LOST as error:
            raise Unavailable(dependency="postgres") from error

    def drop(self) -> None:
        """Close the connection instead of giving it back."""
        if self.connection is not None:
            discard(self.connection)
        self.release()
        self.is_open = False

    def commit(self) -> None:
        """Send what waits together with the commit; then run what was to happen after it, none of which can
        undo it.
        """
        self.after_rollback = []  # what becomes of a commit whose answer is lost, nobody knows
        if self.is_open or self.waiting:
            self.send([(COMMIT, {})], block=True)
            self.is_open = False
        self.release()
        actions, self.after_commit = self.after_commit, []
        for action in actions:
            followed(action)

    def rollback(self) -> None:
        """Undo everything; a connection that cannot even roll back is dropped."""
        # also when the very first statement failed
        if self.connection is not None and self.connection.in_transaction:
            try:
                self.connection.batch([(ROLLBACK, {})])
            except Exception:  # noqa: BLE001 (whatever it is, this connection is not used again)
                self.drop()
        self.is_open = False
        self.release()
        actions, self.after_rollback = self.after_rollback, []
        for action in actions:
            followed(action)

    def release(self) -> None:
        """Give the connection back."""
        if self.connection is not None:
            self.pool.give_back(self.connection)
            self.connection = None


def followed(action: Callable[[], None]) -> None:
    """Do what follows the end; whatever goes wrong is logged, never answered: what was asked for is done, or
    undone.
    """
    try:
        action()
    except Exception as error:
        problem = foreseen(error)
        if isinstance(problem, Unavailable):
            said = {"error": type(error).__name__, **problem.details}
            log.warning("what was to follow a transaction cannot be done now", extra={"context": said})
        else:
            log.exception("what was to follow a transaction went wrong")


def guard(tenant_id: UUID, who: str) -> Statement:
    """What is sent before anything else: whose rows there are, and on whose behalf they are changed."""
    return (
        (NAMED_GUARD, {"tenant": str(tenant_id), "who": who}) if who else (GUARD, {"tenant": str(tenant_id)})
    )
