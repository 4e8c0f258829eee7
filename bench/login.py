"""How much of a login is not the password's hash: the share of time outside bcrypt.

    python -m bench.login [--rounds 200] [--cost 10]

The whole function with its pipeline, in one process, against a real Postgres and Redis: host to tenant,
throttle, account, hash, session, both tokens, commit. Inside bcrypt is what `bcrypt.checkpw` takes, measured
in the same calls.
"""

import argparse
import os
import time
from collections.abc import Callable
from unittest import mock
from uuid import uuid4

import bcrypt

from bench.stack import md5, remember_tenants, servers
from bench.timing import HEAD, line, milliseconds, percentile

PASSWORD = "Kiesel Anker Ofen 39"
ACCOUNT = """INSERT INTO accounts (id, tenant_id, email, password_hash, name, language, roles, email_verified_at)
 VALUES (:id, :tenant, 'ada@example.org', :hash, 'Ada', 'de', '{citizen}', now())"""


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--rounds", type=int, default=200)
    options.add_argument("--cost", type=int, default=10)
    given = options.parse_args()
    os.environ["BCRYPT_ROUNDS"] = str(given.cost)
    with servers("auth", "city") as postgres:
        from pydantic import SecretStr

        from functions.auth.password import hashed
        from tests.support import call

        remember_tenants(1)
        with postgres.connect("heidi_auth") as connection:
            connection.run(ACCOUNT, id=uuid4(), tenant=md5("t1"), hash=hashed(SecretStr(PASSWORD)))
        inside: list[float] = []

        def timed(
            password: bytes, stored: bytes, real: Callable[[bytes, bytes], bool] = bcrypt.checkpw
        ) -> bool:
            started = time.perf_counter()
            try:
                return real(password, stored)
            finally:
                inside.append((time.perf_counter() - started) * 1000)

        def login() -> None:
            answer = call("login", body={"email": "ada@example.org", "password": PASSWORD}, tenant="city1")
            assert answer.status == 200, answer.body

        with mock.patch("bcrypt.checkpw", timed):
            whole = milliseconds(login, given.rounds)
    inside = inside[-given.rounds :]
    shares = [1 - hash_ / all_ for hash_, all_ in zip(inside, whole, strict=True)]
    print(HEAD, line("login", whole), line(f"bcrypt, cost {given.cost}", inside), sep="\n")
    print(
        f"{'share outside bcrypt (goal: under 5 %)':44}{percentile(shares, 0.5):9.1%}{percentile(shares, 0.95):9.1%}"
    )


if __name__ == "__main__":
    main()
