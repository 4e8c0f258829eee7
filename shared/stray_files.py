"""Files that no row keeps: a process that was killed between storing one and committing its row leaves it
behind.

A service says in its `files.py` which of its rows keep which files; a backup reads the same
(tooling/backup/belongings.py).
"""

import logging
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import islice

from shared.adapters import storage
from shared.context import Context, acting
from shared.files import abandon
from shared.tenancy import tenants

AGE = timedelta(days=1)  # no call takes that long, from storing a file to committing its row
MOST = 1000  # of a city in one run; the next one goes on
log = logging.getLogger("heidi.strays")


def collect(ctx: Context, family: str, kept: str) -> None:
    """Have the strays among the files whose keys begin with `family` deleted, in every city that we know."""
    for tenant_id in storage.tenants():
        city = tenants.lookup(str(tenant_id))
        old = list(storage.keys(city.id, family, before=ctx.now - AGE)) if city else []
        if city and old:
            # nothing is held while the store is asked
            with acting(ctx.record, city, trace=ctx.trace, now=ctx.now) as own:
                let_go(own, family, list(islice(strays(own, old, kept), MOST)))


def let_go(ctx: Context, family: str, found: list[str]) -> None:
    """Have them deleted."""
    if found:
        facts = {"city": ctx.tenant.slug, "family": family, "files": len(found)}
        log.warning("files that no row keeps go", extra={"context": facts})
        abandon(ctx, *found)


def strays(ctx: Context, old: list[str], kept: str) -> Iterator[str]:
    """Which of a city's old files no row keeps. First the files, then the rows: what is committed meanwhile
    is kept.
    """
    rows = ctx.sql.run(
        f"SELECT kept.place FROM ({kept}) AS kept (tenant, place, needed) WHERE tenant = :tenant",  # noqa: S608 (the service's own SQL)
        tenant=ctx.tenant.id,
    )
    places = {place for [place] in rows}
    return (key for key in old if places.isdisjoint(possible(key)))


def possible(key: str) -> Iterable[str]:
    """As what a row may keep a file: by its key, or by its folder, the first two parts of the key."""
    family, _, rest = key.partition("/")
    return key, f"{family}/{rest.partition('/')[0]}/"
