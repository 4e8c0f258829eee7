"""The ORM on the invocation's own connection, and the first tenant wall: every statement names the tenant."""

import threading
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, ClassVar, TypeVar
from uuid import UUID

from sqlalchemy import DateTime, FetchedValue, MetaData, Select, Text, Uuid, create_engine, event, tuple_
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.dialects.postgresql.pg8000 import PGDialect_pg8000
from sqlalchemy.engine import Engine
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    ORMExecuteState,
    Session,
    mapped_column,
    with_loader_criteria,
)
from sqlalchemy.pool import NullPool

from shared.db.privacy import Privacy
from shared.db.sql import Sql
from shared.errors import NotFound
from shared.kit.ids import new_id
from shared.kit.paging import decode, encode
from shared.schema import Page, Schema


@lru_cache
def metadata_of(service: str) -> MetaData:  # noqa: ARG001 (what the cache goes by)
    """The tables of one service."""
    return MetaData()


class Base(DeclarativeBase):
    """The base of every model; each service's models have a metadata of their own, so that two may have a
    table of one name.
    """

    type_annotation_map = {  # noqa: RUF012 (SQLAlchemy's own)
        str: Text,
        UUID: Uuid,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
        list[str]: ARRAY(Text),
        list[UUID]: ARRAY(Uuid),
    }

    def __init_subclass__(cls, **more: Any) -> None:
        cls.metadata = metadata_of(".".join(cls.__module__.split(".")[:2]))
        super().__init_subclass__(**more)


# counted by the database (shared/db/migration.py: versioned)
Version = Annotated[int, mapped_column(server_default=FetchedValue(), server_onupdate=FetchedValue())]


class TenantModel(Base):
    """A row that belongs to one tenant."""

    __abstract__ = True
    privacy: ClassVar[Privacy]
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    tenant_id: Mapped[UUID] = mapped_column(index=True)


M = TypeVar("M", bound=TenantModel)


class DatedModel(TenantModel):
    """A tenant's row that knows when it was made, and can therefore be listed in pages."""

    __abstract__ = True
    created_at: Mapped[datetime]


D = TypeVar("D", bound=DatedModel)
S = TypeVar("S", bound=Schema)


class BorrowedDialect(PGDialect_pg8000):
    """pg8000 on a connection whose transaction belongs to `Sql`: beginning, ending and closing are not the
    ORM's.
    """

    supports_statement_cache = True

    def do_begin(self, dbapi_connection: Any) -> None:
        """Sql.begin has done it."""

    def do_commit(self, dbapi_connection: Any) -> None:
        """Sql.commit will do it."""

    def do_rollback(self, dbapi_connection: Any) -> None:
        """Sql.rollback will do it."""

    def do_close(self, dbapi_connection: Any) -> None:
        """The pool keeps it."""


registry.register("postgresql.borrowed", __name__, "BorrowedDialect")
lent = threading.local()


@lru_cache(1)
def engine() -> Engine:
    """One engine for all databases: it holds the compiled statements, never a connection of its own."""
    return create_engine(
        "postgresql+borrowed://", poolclass=NullPool, creator=lambda: lent.connection, hide_parameters=True
    )  # they are personal data, and errors are logged


class Database(Session):
    """The session of one invocation, on the connection that its `Sql` has opened; it flushes, it never
    commits.
    """

    def __init__(self, sql: Sql, tenant_id: UUID) -> None:
        self.sql = sql
        lent.connection = sql.begin()
        super().__init__(bind=engine().connect(), expire_on_commit=False, info={"tenant_id": tenant_id})

    def get_or_404(self, model: type[M], id: UUID, *, lock: bool = False) -> M:
        """The tenant's row; another tenant's is as absent as none. `lock` holds it until the transaction
        ends.
        """
        row = self.get(model, id, with_for_update=True if lock else None)
        if row is None:
            raise NotFound(model.__name__, id)
        return row

    def enter(self, tenant_id: UUID) -> None:
        """Go on as another tenant: what was loaded stays as it is, but is not this session's any more."""
        self.expunge_all()
        self.info["tenant_id"] = tenant_id
        self.sql.begin()  # at once: the ORM speaks on this connection without looking at what waits

    def page(
        self,
        query: Select[D],
        shape: type[S],
        limit: int,
        cursor: str | None,
        *,
        oldest_first: bool = False,
        shown: Callable[[D], S] | None = None,
    ) -> Page[S]:
        """One page of the rows that a query finds, newest first, as clients read them (or as `shown` makes
        them).
        """
        model: type[D] = query.column_descriptions[0]["entity"]
        key = tuple_(model.created_at, model.id)
        if cursor:
            query = query.where(key > decode(cursor) if oldest_first else key < decode(cursor))
        order = (model.created_at, model.id) if oldest_first else (model.created_at.desc(), model.id.desc())
        rows = self.scalars(query.order_by(*order).limit(limit + 1)).all()
        last = rows[limit - 1] if len(rows) > limit else None
        return Page(
            items=[(shown or shape.model_validate)(row) for row in rows[:limit]],
            next_cursor=encode(last.created_at, last.id) if last else None,
        )


@event.listens_for(Session, "do_orm_execute")
def name_the_tenant(state: ORMExecuteState) -> None:
    """The first wall: add the tenant to every ORM statement (the second is row-level security)."""
    tenant_id = state.session.info.get("tenant_id")
    if tenant_id and not state.is_column_load and not state.is_relationship_load:
        state.statement = state.statement.options(
            with_loader_criteria(
                TenantModel, lambda model: model.tenant_id == tenant_id, include_aliases=True
            )
        )


@event.listens_for(Session, "before_flush")
def own_the_rows(session: Session, *_: Any) -> None:
    """New rows belong to the invocation's tenant, whatever the handler said."""
    for row in session.new:
        if isinstance(row, TenantModel):
            row.tenant_id = session.info["tenant_id"]
