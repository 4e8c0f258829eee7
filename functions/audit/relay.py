"""What only the relay role may ask of the audit's database: to make partitions ahead and to drop those that have expired."""
from functools import lru_cache

from shared.context import Context
from shared.pg import Pool
from shared.settings import settings
from shared.sql import Sql


@lru_cache
def pool(database: str) -> Pool:
    """The relay role's connections."""
    config = settings()
    return Pool(database, config.postgres_relay, config.postgres_relay_password.get_secret_value())


def as_relay(ctx: Context, call: str) -> int:
    """The number that a call of one of the database's own functions gives."""
    sql = Sql(pool(ctx.record.database), ctx.tenant.id)
    try:
        [[number]] = sql.run(f"SELECT {call}")
        sql.commit()
    except BaseException:
        sql.rollback()
        raise
    return int(number)
