"""What a handler is given: who calls, for which city, when, in which language, and the means to read, write and say."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

from events.base import Event
from shared.cloudevents import SOURCE, Envelope
from shared.ids import new_id
from shared.outbox import Outgoing, publisher, write
from shared.pg import pool
from shared.record import Record
from shared.settings import Settings, settings
from shared.sql import Sql
from shared.tenants import Tenant
from shared.tokens import NOBODY, Principal
from shared.trace import Trace

if TYPE_CHECKING:
    from shared.http import Request
    from shared.orm import Database


@dataclass
class Context:
    """One invocation. `sql` and `db` share one transaction; the pipeline commits it, never the handler.

    `tenant` is whose data this is about; `at_hand` is the city that the call names, another one only for a super admin in
    a function that works `at_home`.
    """

    record: Record
    tenant: Tenant
    user: Principal = NOBODY
    language: str = "de"
    trace: Trace = field(default_factory=Trace.start)
    event: Envelope | None = None
    request: "Request | None" = None
    at_hand: Tenant | None = None
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @cached_property
    def sql(self) -> Sql:
        """SQL under the tenant's row-level security, for hot paths and platform tables."""
        reads = self.record.read_only
        return Sql(pool(self.record.database), self.tenant.id, read_only=reads, who="" if reads else self.who)

    @cached_property
    def db(self) -> "Database":
        """The ORM session, in the same transaction as `sql`."""
        from shared.orm import Database

        return Database(self.sql, self.tenant.id)

    @property
    def settings(self) -> Settings:
        """The settings of this process."""
        return settings()

    @property
    def user_id(self) -> UUID:
        """The caller's id; only for functions that need a caller."""
        if self.user.id is None:
            from shared.errors import Unauthenticated

            raise Unauthenticated
        return self.user.id

    def may(self, permission: str) -> bool:
        """Whether the caller's roles hold this permission."""
        return permission in self.user.permissions

    def emit(self, event: Event) -> None:
        """Say it, in the transaction that makes it true; it is published after the commit."""
        if type(event) not in self.record.emits:
            raise TypeError(f"{self.record.name} does not declare that it emits {type(event).__name__}")
        envelope = Envelope(
            str(new_id()),
            SOURCE + self.record.service,
            event.type(),
            self.now,
            self.tenant.id,
            self.trace.correlation_id,
            self.actor,
            self.trace.child(),
            self.impersonator,
        )
        outgoing = Outgoing(self.record.database, envelope, event.model_dump_json(by_alias=True).encode())
        write(self.sql, outgoing)
        self.after_commit(lambda: publisher().waiting.put(outgoing))

    @property
    def actor(self) -> str:
        """Who does this: the caller, or whoever caused the event that is being handled; empty for an anonymous caller."""
        return str(self.user.id or (self.event.actor_id if self.event else ""))

    @property
    def impersonator(self) -> str:
        """Who acts in the actor's name; empty where they act themselves."""
        return str(self.user.impersonator_id or (self.event.impersonator_id if self.event else ""))

    @property
    def who(self) -> str:
        """On whose behalf and in which function rows are changed, as JSON for the tables' own record of changes."""
        import orjson

        said = {
            "function": self.record.name,
            "actor": self.actor,
            "impersonator": self.impersonator,
            "correlation": self.trace.correlation_id,
            "traceparent": self.trace.child(),
        }
        return orjson.dumps(said).decode()

    def enter(self, tenant: Tenant) -> None:
        """Go on as another tenant, in the same transaction; only for functions of the platform itself."""
        self.tenant = tenant
        self.sql.enter(tenant.id)

    def after_commit(self, action: Callable[[], Any]) -> None:
        """Do something once the transaction is durable, and never when it is not."""
        self.sql.after_commit.append(action)

    def finish(self) -> None:
        """Flush the ORM and commit."""
        if "db" in self.__dict__:
            self.db.flush()
        if "sql" in self.__dict__:
            self.sql.commit()
        if "db" in self.__dict__:
            self.db.close()

    def abandon(self) -> None:
        """Undo everything."""
        if "sql" in self.__dict__:
            self.sql.rollback()


@contextmanager
def acting(record: Record, tenant: Tenant) -> Iterator[Context]:
    """The transaction that a call of this function would have, for what runs without a call."""
    ctx = Context(record, tenant)
    try:
        yield ctx
        ctx.finish()
    except BaseException:
        ctx.abandon()
        raise
