"""Whether a call costs the same among 1,000 cities × 1,000 people as in one city alone.

    python -m bench.crowd [--tenants 1000] [--users 1000] [--rounds 1000]

Whole functions in one process against a real Postgres and Redis, under row-level security, each call by
another person of another city. The ratio is the p50 among all of them against the p50 in a database that
holds one city of so many people, in the same run. The password's hash is made with the lowest cost: what is
measured is everything around it.
"""

import argparse
import os
import random
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from bench.stack import in_databases, md5, remember_tenants, second, servers
from bench.timing import milliseconds, percentile

PASSWORD = "Kiesel Anker Ofen 39"
ACCOUNTS = """INSERT INTO accounts (id, tenant_id, email, password_hash, name, language, roles, email_verified_at)
 SELECT md5('u' || t || '-' || u)::uuid, md5('t' || t)::uuid, 'u' || u || '@example.org', :hash, 'Ada ' || u, 'de',
  CASE WHEN u = 1 THEN '{city_admin}'::text[] ELSE '{citizen}' END, now()
 FROM generate_series(CAST(:first AS int), CAST(:last AS int)) t, generate_series(1, CAST(:users AS int)) u"""
PROFILES = """INSERT INTO profiles (id, tenant_id, email, name, language)
 SELECT md5('u' || t || '-' || u)::uuid, md5('t' || t)::uuid, 'u' || u || '@example.org', 'Ada ' || u, 'de'
 FROM generate_series(CAST(:first AS int), CAST(:last AS int)) t, generate_series(1, CAST(:users AS int)) u"""


def fill(connection: Any, sql: str, tenants: int, users: int, **values: str) -> None:
    """People in slices of a hundred cities; what tables note of their changes is not measured here."""
    run = connection.run
    run("SET session_replication_role = replica")
    for first in range(1, tenants + 1, 100):
        run(sql, first=first, last=min(first + 99, tenants), users=users, **values)
    run("ANALYZE")


def calls(tenants: int, users: int, draw: random.Random) -> dict[str, Callable[[], None]]:
    """Each call by somebody else."""
    from shared.auth.signing import issue
    from tests.support import call

    def person(user: int | None = None) -> tuple[int, int]:
        return draw.randrange(1, tenants + 1), user or draw.randrange(1, users + 1)

    def signed_in(name: str, role: str, user: int | None = None, query: str = "") -> None:
        t, u = person(user)
        token = issue("access", md5(f"u{t}-{u}"), md5(f"t{t}"), [role], md5(f"s{t}-{u}"), now=time.time())[0]
        answer = call(name, token=token, tenant=f"city{t}", query=query)
        assert answer.status == 200, answer.body

    def login() -> None:
        t, u = person()
        answer = call("login", body={"email": f"u{u}@example.org", "password": PASSWORD}, tenant=f"city{t}")
        assert answer.status == 200, answer.body

    return {
        "login": login,
        "whoami": partial(signed_in, "whoami", "citizen"),
        "list-sessions": partial(signed_in, "list-sessions", "citizen"),
        "get-my-profile": partial(signed_in, "get-my-profile", "citizen"),
        "list-users": partial(signed_in, "list-users", "city_admin", 1, "limit=50"),
    }


def measured(tenants: int, users: int, rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each call."""
    return {
        title: milliseconds(one, rounds) for title, one in calls(tenants, users, random.Random(7)).items()
    }


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--tenants", type=int, default=1000)
    options.add_argument("--users", type=int, default=1000)
    options.add_argument("--rounds", type=int, default=1000)
    given = options.parse_args()
    os.environ["BCRYPT_ROUNDS"] = "4"
    with servers("auth", "users") as postgres, second(postgres, "small_", "auth", "users"):
        from pydantic import SecretStr

        from functions.auth.password import hashed

        for prefix, tenants in (("small_", 1), ("heidi_", given.tenants)):
            with postgres.connect(f"{prefix}auth") as auth, postgres.connect(f"{prefix}users") as people:
                fill(auth, ACCOUNTS, tenants, given.users, hash=hashed(SecretStr(PASSWORD)))
                fill(people, PROFILES, tenants, given.users)
        remember_tenants(given.tenants)
        one = in_databases("small_", lambda: measured(1, given.users, given.rounds))
        many = in_databases("heidi_", lambda: measured(given.tenants, given.users, given.rounds))
    print(
        f"{'milliseconds':20}{'one city p50':>14}{'p95':>8}{f'{given.tenants:,} cities p50':>20}{'p95':>8}{'ratio':>8}"
    )
    for title, found in many.items():
        alone, among = percentile(one[title], 0.5), percentile(found, 0.5)
        print(
            f"{title:20}{alone:14.2f}{percentile(one[title], 0.95):8.2f}{among:20.2f}{percentile(found, 0.95):8.2f}{among / alone:8.2f}"
        )


if __name__ == "__main__":
    main()
