"""What a handler is given: who calls, for which city, when, in which language, and the means to read, write
and say.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from uuid import UUID

from events.base import Event
from shared.auth.tokens import NOBODY, Principal
from shared.db.pg import pool
from shared.db.sql import Sql
from shared.events.outbox import Outgoing, publisher, write
from shared.kit.cloudevents import SOURCE, Envelope
from shared.kit.forwarded import client_address
from shared.kit.ids import new_id
from shared.kit.lazy import lazy
from shared.kit.record import Published, Record
from shared.kit.settings import Settings, settings
from shared.kit.shares import Whose
from shared.telemetry import access_log
from shared.telemetry.trace import Trace
from shared.tenancy.tenants import Tenant

if TYPE_CHECKING:
    from shared.db.orm import Database
    from shared.kit.http import Request

T = TypeVar("T")
ETAG = re.compile(r'(?:W/)?"(\d{1,10})[."]')  # made by freshness.py: the version, a dot, what it looks like
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"
LOCK_SHARED = "SELECT pg_advisory_xact_lock_shared(hashtextextended(:name, 0))"


class Versioned(Protocol):
    """A row that counts its versions (shared/db/migration.py: versioned)."""

    @property
    def id(self) -> Any:
        """Its name in the audit."""

    @property
    def version(self) -> Any:
        """How often it was changed, and one."""


def versions_in(etags: str) -> set[int]:
    """The versions that an If-Match names."""
    return {int(found) for found in ETAG.findall(etags)}


@dataclass
class Context:
    """One invocation. `sql` and `db` share one transaction; the pipeline commits it, never the handler.

    `tenant` is whose data this is about; `at_hand` is the city that the call names, another one only for a
    super admin in a function that works `home_tenant`.
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
    claim: Callable[[], None] = lambda: None  # makes the event, or the Idempotency-Key, this transaction's

    @lazy
    def sql(self) -> Sql:
        """SQL under the tenant's row-level security, for hot paths and platform tables."""
        reads = self.record.read_only
        return Sql(pool(self.record.database), self.tenant.id, read_only=reads, who="" if reads else self.who)

    @lazy
    def db(self) -> "Database":
        """The ORM session, in the same transaction as `sql`."""
        from shared.db.orm import Database

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

    @property
    def address(self) -> str:
        """The caller's address, as brakes count it; empty where nobody calls (an event, a tick)."""
        return client_address(self.request) if self.request else ""

    def may(self, permission: str) -> bool:
        """Whether the caller's roles hold this permission."""
        return permission in self.user.permissions

    def opens(self, kept: bytes | None) -> bool:
        """Whether the caller has the secret of which a thing keeps this (shared/auth/access_secrets.py)."""
        if not self.record.by_secret:
            raise TypeError(f"{self.record.name} does not declare that secrets open things: by_secret=True")
        from shared.auth.access_secrets import opens

        return opens(self.request, kept)

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
        self.after_commit(lambda: publisher().take(outgoing))
        self.after_commit(lambda: access_log.happened(event))

    @property
    def actor(self) -> str:
        """Who does this: the caller, or whoever caused the event that is being handled; empty for an
        anonymous caller.
        """
        return str(self.user.id or (self.event.actor_id if self.event else ""))

    @property
    def impersonator(self) -> str:
        """Who acts in the actor's name; empty where they act themselves."""
        return str(self.user.impersonator_id or (self.event.impersonator_id if self.event else ""))

    @property
    def whose(self) -> Whose:
        """For whom this is done, where many want the same at once.

        Guests cost nothing to make: their address counts, and a city's guests have a share apart from its
        people's.
        """
        if self.event or (self.user.id and not self.user.guest) or not self.request:
            return Whose(str(self.tenant.id), self.actor)
        return Whose(f"{self.tenant.id} guests", self.address)

    @property
    def who(self) -> str:
        """On whose behalf and in which function rows are changed, as JSON for the tables' own record of
        changes.
        """
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
        if "db" in self.__dict__:
            self.db.flush()
        self.tenant = tenant
        self.sql.enter(tenant.id)
        if "db" in self.__dict__:
            self.db.enter(tenant.id)

    def refuse_another_city(self, said: str | None) -> None:
        """TenantMismatch where a body names a city that is not this call's (requirements §9.3, §9.4 let it
        name one).
        """
        if said and said.lower() not in {self.tenant.slug, str(self.tenant.id)}:
            from shared.errors import TenantMismatch

            raise TenantMismatch

    def drop(self, *about: Published) -> None:
        """Once this is committed, no answer counts any more that was kept about these things."""
        from shared.adapters import published

        tenant = self.tenant.id
        self.after_commit(lambda: published.drop(tenant, *about))

    def refuse_outdated(self, row: Versioned, entity: str) -> None:
        """VersionOutdated where the caller has seen another version of this row, which is locked, than there is.

        `entity` is what the audit calls such a thing; `If-Match: *` is whichever there is (RFC 9110 §13.1.1).
        """
        said = self.request.header("if-match") if self.request else ""
        seen = versions_in(said)
        if said and said.strip() != "*" and row.version not in seen:
            from shared.errors import VersionOutdated

            raise VersionOutdated(row.version, max(seen, default=None), (self.tenant.id, entity, row.id))

    def lock(self, name: str) -> None:
        """Hold this name in the city's part of the service's database until the transaction ends; whoever
        else wants it waits.
        """
        self.sql.run(LOCK, name=f"{self.tenant.id} {name}")

    def lock_shared(self, name: str) -> None:
        """Hold this name together with others who share it; it travels with the next statement of `sql`, and
        waits for whoever holds it alone.
        """
        self.sql.queue(LOCK_SHARED, name=f"{self.tenant.id} {name}")

    def after_commit(self, action: Callable[[], Any]) -> None:
        """Do something once the transaction is durable, and never when it is not."""
        self.sql.after_commit.append(action)

    def after_commit_together(self, action: Callable[[list[T]], object], item: T) -> None:
        """As `after_commit`, once for the items of all events that are handled in this transaction
        (shared/runtime/batches.py).
        """
        if action not in self.sql.gathered:
            self.sql.gathered[action] = items = list[T]()
            self.after_commit(lambda: action(items))
        self.sql.gathered[action].append(item)

    def after_rollback(self, action: Callable[[], Any]) -> None:
        """Do something once it is certain that the transaction is undone; not where nobody can say what
        became of a commit.
        """
        self.sql.after_rollback.append(action)

    def share(self, other: "Context") -> None:
        """Work in another invocation's transaction, of the same function and city; what follows is on this
        one's behalf.
        """
        self.__dict__["sql"] = other.sql
        self.sql.act_for(self.who)
        if "db" in other.__dict__:
            self.__dict__["db"] = other.db
            self.sql.begin()  # at once: the ORM speaks on this connection without looking at what waits

    @contextmanager
    def released(self) -> Iterator[None]:
        """Work that takes long, or waits for its turn, while no connection is held: read, let go, work; read
        again, and write.

        Rows may have changed meanwhile: look again, and lock them. Nothing may be written or said before. The
        claim is undone and made anew after the work; where another delivery was faster, the invocation ends
        there (shared/runtime/idempotency.py: Settled).
        """
        if self.record.batches or self.has_written:
            raise RuntimeError(
                f"{self.record.name} lets its transaction go after it has written, or shares it"
            )
        self.abandon()
        self.close()
        for kept in ("db", "sql"):
            self.__dict__.pop(kept, None)
        yield
        self.claim()

    @property
    def has_written(self) -> bool:
        """Whether something would be lost with the transaction, as far as can be seen from here."""
        in_hand = "db" in self.__dict__ and (self.db.new or self.db.dirty or self.db.deleted)
        return bool(
            in_hand or ("sql" in self.__dict__ and (self.sql.after_commit or self.sql.after_rollback))
        )

    def flush(self) -> None:
        """Send what the ORM has still in hand."""
        if "db" in self.__dict__:
            self.db.flush()

    def finish(self) -> None:
        """Flush the ORM and commit."""
        self.flush()
        if "sql" in self.__dict__:
            self.sql.commit()
        self.close()

    def close(self) -> None:
        """Give the ORM's session up, if there is one."""
        if "db" in self.__dict__:
            self.db.close()

    def abandon(self) -> None:
        """Undo everything."""
        if "sql" in self.__dict__:
            self.sql.rollback()


@contextmanager
def acting(record: Record, tenant: Tenant, **facts: Any) -> Iterator[Context]:
    """The transaction that a call of this function would have, for what runs without one or after it; `facts`
    as in Context.
    """
    ctx = Context(record, tenant, **facts)
    try:
        yield ctx
        ctx.finish()
    except BaseException:
        ctx.abandon()
        raise
