"""A database with the chatbot's tables behind row-level security, and local servers in a thread of the test
process.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from aiohttp import web

from functions.chatbot.retrieval import tables
from shared.adapters.vectors import pgvector
from shared.db.migration import TENANT
from shared.db.pg import Pool, login
from shared.db.sql import Sql
from shared.kit.settings import settings
from tests.support import superuser

TABLES = (*tables.TENANT_TABLES, "vectors")


@contextmanager
def search_database(name: str) -> Iterator[Pool]:
    """A database with nothing but the search's tables, seen as the app role."""
    with superuser("postgres") as connection:
        connection.run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.run(f'CREATE DATABASE "{name}"')
    with superuser(name) as connection:
        for statement in ("CREATE EXTENSION vector", *tables.DDL, *pgvector.DDL):
            connection.run(statement)
        for table in TABLES:
            connection.run(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            connection.run(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
            connection.run(
                f"CREATE POLICY tenant ON {table} USING (tenant_id = {TENANT}) WITH CHECK (tenant_id = {TENANT})"
            )
            connection.run(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO heidi_app")
    pool = Pool(name, *login(settings().postgres_database_prefix + "chatbot"))
    try:
        yield pool
    finally:
        pool.clear()
        with superuser("postgres") as connection:
            connection.run(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def transaction(pool: Pool, tenant: UUID) -> Iterator[Sql]:
    """One tenant's transaction, rolled back at the end."""
    sql = Sql(pool, tenant)
    try:
        yield sql
    finally:
        sql.rollback()


@contextmanager
def serving(application: web.Application) -> Iterator[str]:
    """The address of an application that runs in a thread."""
    loop, started, address = asyncio.new_event_loop(), threading.Event(), ""
    stop = asyncio.Event()

    async def serve() -> None:
        nonlocal address, stop
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        address = f"http://127.0.0.1:{runner.addresses[0][1]}"
        stop = asyncio.Event()
        started.set()
        await stop.wait()
        await runner.cleanup()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert started.wait(120), "the server did not start"
    try:
        yield address
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(120)
        loop.close()
