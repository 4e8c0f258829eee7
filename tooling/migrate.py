"""Bring every service's database to its newest migration, as the owner role.

python -m tooling.migrate
"""

import os
import sys
import traceback
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, create_engine

from shared.db.roles import access
from shared.kit.settings import settings
from shared.runtime.registry import ROOT, services


class MigrationFailed(Exception):
    """What is wrong in one line, with the migration's file first."""


def migrate(only: str | None = None, prefix: str | None = None) -> None:
    """Upgrade all services' databases, or one; each in one transaction."""
    prefix = settings().postgres_database_prefix if prefix is None else prefix
    for service in [only] if only else services():
        upgrade(ROOT / "functions" / service / "migrations", prefix + service)


def side_by_side() -> None:
    """Upgrade all services' databases at once: each is a process of its own, and knows nothing of the others.

    Only where nothing else goes on in this process: it is forked.
    """
    how = get_context("fork" if sys.platform == "linux" else "spawn")
    with ProcessPoolExecutor((os.cpu_count() or 1) * 2, how) as pool:
        list(pool.map(migrate, services()))


def upgrade(scripts: Path, database: str, to: str = "heads") -> None:
    """Run one service's missing migrations, all of them or as far as one."""
    config = Config()
    config.set_main_option("script_location", str(scripts))
    config.set_main_option("path_separator", "os")
    directory = ScriptDirectory.from_config(config)

    def run(revision: Any, _: Any) -> Any:
        return directory._upgrade_revs(to, revision)  # noqa: SLF001 (what alembic.command.upgrade does)

    engine = create_engine(owner_url(database))
    try:
        with EnvironmentContext(config, directory, fn=run) as environment, engine.begin() as connection:
            for statement in access(database):
                connection.exec_driver_sql(statement)
            environment.configure(connection=connection)
            try:
                environment.run_migrations()
            except Exception as error:
                raise MigrationFailed(
                    f"{file_of(error) or scripts.relative_to(ROOT)}: {reason(error)}"
                ) from error
    finally:
        engine.dispose()


def file_of(error: Exception) -> str:
    """The migration that it came from; empty where it came from none."""
    if isinstance(error, SyntaxError):
        return str(Path(error.filename or "").relative_to(ROOT))
    files = [Path(frame.filename) for frame in traceback.extract_tb(error.__traceback__)]
    return next(
        (str(file.relative_to(ROOT)) for file in reversed(files) if file.parent.name == "versions"), ""
    )


def reason(error: Exception) -> str:
    """What the server, or alembic, says."""
    told = getattr(error, "orig", error)
    server = told.args[0] if told.args and isinstance(told.args[0], dict) else {}
    return " ".join(str(server.get("M") or f"{type(error).__name__}: {told}").split())


def owner_url(database: str) -> URL:
    """The owner role's address of a database."""
    config = settings()
    host: dict[str, Any] = {"host": config.postgres_host, "port": config.postgres_port}
    if config.postgres_host.startswith("/"):
        host = {"query": {"unix_sock": f"{config.postgres_host}/.s.PGSQL.{config.postgres_port}"}}
    return URL.create(
        "postgresql+pg8000",
        config.postgres_owner,
        config.postgres_owner_password.get_secret_value(),
        database=database,
        **host,
    )


if __name__ == "__main__":
    side_by_side()
