"""What a function cannot do with what a cluster gives it: each is started with its own Secrets and nothing
else, and tries.
"""

import json
import os
import subprocess
import sys
from functools import lru_cache
from typing import Any

import pytest

from shared.kit import cipher
from shared.kit.jwks import parse
from shared.kit.record import Record
from shared.kit.settings import settings
from tests.deploy.test_cluster import GIVEN, filled
from tests.kept_cluster import ROLES
from tooling import cluster
from tooling.generate.secrets import powers, secrets
from tooling.registry import ROOT, records, services

TRIES = """
import json, os, sys
from uuid import uuid4
from shared.kit import cipher
from shared.peers import service_tokens
from shared.runtime import entry
entry.load(sys.argv[1])   # as it starts: production refuses without a secret that is needed
given = json.loads(sys.argv[2])
from shared.auth import signing
from shared.db import pg
from shared.kit import enclosures, sealing
from shared.kit.settings import settings

def tried(what):
    try:
        return what()
    except Exception:
        return None

token = tried(lambda: signing.issue("access", uuid4(), uuid4(), ["super_admin"], uuid4(), now=given["now"]))
grant = tried(lambda: signing.issue("grant", uuid4(), uuid4(), ["super_admin"], uuid4(), now=given["now"]))
print(json.dumps({
    "token": token and token[0],
    "grant": grant and grant[0],
    "databases": [name for name in given["databases"] if tried(lambda: pg.Pool(name, *pg.login(name)).connect().close() or True)],
    "factor": tried(lambda: sealing.unseal(given["factor"], "Ada")),
    "link": tried(lambda: cipher.unseal(settings().letter_key.get_secret_value(), given["link"], "letter")),
    "brings": [name for name, value in os.environ.items() if service_tokens.is_broker(value)] + service_tokens.is_broker(service_tokens.delivering()) * ["own"],
    "publishes": service_tokens.publishing() == given["publish"]}))
"""
SIGNS, GRANTS, OPENS, LINKS, SAYS = "token", "grant", "factor", "link", "publishes"
CAN = {
    "chunk-document": {SAYS},
    "process-media": {SAYS},
    "list-listings": set(),
    "record-audit-entry": set(),
    "sweep-outbox": {SAYS},
    "send-email": {LINKS, SAYS},
    "login": {SIGNS, GRANTS, SAYS},
    "resolve-api-token": {SIGNS, GRANTS},
    "register": {LINKS, SAYS},
    "enrol-second-factor": {OPENS},
    "logout": set(),
}


@lru_cache(1)
def of_cluster() -> dict[str, str]:
    """All secrets of one cluster."""
    return (
        cluster.read(filled())
        | {name: f"{name} of its own" for name in GIVEN}
        | {"POSTGRES_ROLES_SECRET": ROLES}
    )


@lru_cache(1)
def made() -> dict[str, dict[str, str]]:
    """Its Secrets by name, beside the functions."""
    found = cluster.secrets("prod", of_cluster())
    return {
        each["metadata"]["name"]: each["stringData"]
        for each in found
        if each["metadata"]["namespace"] == "heidi-prod"
    }


def environment(record: Record) -> dict[str, str]:
    """What a function is given that nobody else may see."""
    return {name: value for secret in secrets(record) for name, value in made()[secret].items()}


def attempts(name: str, factor: str, link: str) -> Any:
    """What a function achieves in its own process."""
    prefix = settings().postgres_database_prefix
    basic = {
        each: os.environ[each]
        for each in ("PATH", "POSTGRES_HOST", "POSTGRES_PORT", "REDIS_URL")
        if each in os.environ
    }
    told = {
        "databases": [prefix + service for service in services()],
        "factor": factor,
        "link": link,
        "now": 1_800_000_000,
        "publish": of_cluster()["PUBLISH_TOKEN"],
    }
    own = (
        basic
        | environment(records()[name])
        | {"ENVIRONMENT": "production", "POSTGRES_DATABASE_PREFIX": prefix, "PYTHONPATH": str(ROOT)}
    )
    del own["REDIS_PASSWORD"]  # the Redis of tests has another
    done = subprocess.run(
        [sys.executable, "-c", TRIES, name, json.dumps(told)],
        cwd=ROOT,
        env=own,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def is_believed(token: str | None, audience: str) -> bool:
    """Whether the others take a token for ours; its time is not what this is about."""
    import jwt

    [key] = parse(made()["heidi-secrets"]["JWT_KEYS"])
    try:
        jwt.decode(
            token or "",
            key.checking,
            [key.alg],
            audience=audience,
            options={"verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
    except jwt.InvalidTokenError:
        return False
    return True


@pytest.mark.parametrize("name", CAN)
def test_a_function_can_do_what_it_is_for_and_nothing_else(name: str) -> None:
    values = of_cluster()
    sealed = (
        cipher.seal(values["ENCRYPTION_KEY"], "a factor", "Ada"),
        cipher.seal(values["LETTER_KEY"], "a link", "letter"),
    )
    found = attempts(name, *sealed)
    assert found["databases"] == [settings().postgres_database_prefix + records()[name].service]
    assert found["brings"] == []
    found |= {SIGNS: is_believed(found[SIGNS], "access"), GRANTS: is_believed(found[GRANTS], "grant")}
    assert {each for each in (SIGNS, GRANTS, OPENS, LINKS, SAYS) if found[each]} == CAN[name]


@pytest.mark.parametrize("record", records().values(), ids=lambda record: record.name)
def test_no_function_holds_what_is_not_its_own(record: Record) -> None:
    values, given = of_cluster(), environment(record)
    held = {name for name, value in values.items() if value in given.values()}
    own = {name for power in powers(record) for name in power.settings} | (
        {"JWT_KEYS"} if "JWT_SIGNING_KEYS" in given else set()
    )
    assert held - {"REDIS_PASSWORD", "INTERNAL_TOKEN"} <= own
    assert given["POSTGRES_USER"] == f"heidi_app_{record.service}"
    assert [key.signs for key in parse(given["JWT_KEYS"])] == [False]
    others = {
        made()[f"heidi-{service}"]["POSTGRES_PASSWORD"] for service in services() if service != record.service
    }
    assert not others & set(given.values())
