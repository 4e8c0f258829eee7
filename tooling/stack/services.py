"""The long-running processes of the local stack, as the environment and the state want them."""

import importlib.util
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from tooling.stack import accounts, postgres, probes, redis
from tooling.stack.environment import BROKER, POSTGRES, REDIS, ours, thirdparties
from tooling.stack.home import Home
from tooling.stack.ports import port
from tooling.stack.postgres import Postgres
from tooling.stack.redis import Redis
from tooling.stack.service import PATIENCE, Service
from tooling.stack.state import State

FOUNDATION = ("postgres", "redis", "thirdparty")  # needed before anything of ours can work
PARTS = {"object-store": "OBJECT_STORE_PORT", "mail": "SMTP_PORT", "push": "PUSH_PORT"}


@dataclass(frozen=True, slots=True)
class Module:
    """A process of ours: what to run, and where it tells whether it is ready."""

    name: str
    title: str
    module: str
    port: str
    path: str


MODULES = (
    Module("thirdparty", "Objects, mail and push", "tooling.thirdparty", "INBOX_PORT", "/health/ready"),
    Module("broker", "Broker", "broker", "BROKER_PORT", "/health/ready"),
    Module("gateway", "Gateway", "tooling.gateway", "GATEWAY_PORT", "/healthz"),
)


@dataclass(frozen=True, slots=True)
class Services:
    """What to run, in the order of starting."""

    all: tuple[Service, ...]
    postgres: Postgres | None  # None when somebody else runs it

    @classmethod
    def plan(cls, home: Home, state: State, environment: Mapping[str, str]) -> "Services":
        """Leaves out what the environment replaces."""
        server = embedded_postgres(home, state) if ours(POSTGRES) else None
        found = [postgres.service(server)] if server else []
        if ours(REDIS):
            found.append(redis.service(home.redis, Redis(port("REDIS_PORT"), state.secrets["redis"])))
        found += [python(module, environment, home) for module in MODULES if is_wanted(module)]
        return cls(tuple(found), server)

    def named(self, *names: str) -> list[Service]:
        """Those of them that we run."""
        return [service for service in self.all if service.name in names]

    def ports(self) -> list[str]:
        """Every port that must be free."""
        return [variable for service in self.all for variable in service.ports]


def embedded_postgres(home: Home, state: State, given: Mapping[str, str] = os.environ) -> Postgres:
    """Where its data can be reached by the account that it runs as."""
    account = accounts.unprivileged()
    directory = accounts.place(home.postgres, home.fallback, account)
    return Postgres(directory, port("POSTGRES_PORT", given), state.secrets["postgres_superuser"], account)


def is_wanted(module: Module) -> bool:
    """The third parties and the broker may be somebody else's."""
    outside = (module.name == "thirdparty" and not thirdparties()) or (
        module.name == "broker" and not ours(BROKER)
    )
    return not outside and is_there(module.module)


def is_there(module: str) -> bool:
    """Whether it is in this checkout."""
    return importlib.util.find_spec(module) is not None


def python(module: Module, environment: Mapping[str, str], home: Home) -> Service:
    """One of our own modules."""
    follows = None
    if module.name == "broker" and not os.environ.get("BROKER_TRIGGERS") and is_there("tooling.faces"):
        follows = home.triggers
        environment = {**environment, "BROKER_TRIGGERS": str(follows)}
    several = workers(environment) if module.name == "gateway" else 1
    others = [PARTS[part] for part in thirdparties()] if module.name == "thirdparty" else []
    return Service(
        name=module.name,
        title=module.title,
        command=[sys.executable, "-m", module.module],
        environment=environment,
        ports=(module.port, *others),
        ready=lambda _pid: probes.http_ready(port(module.port), module.path),
        trouble=f"Its log says more: ./heidi logs {module.name}",
        patience=PATIENCE * several,
        follows=follows,
    )


def workers(environment: Mapping[str, str]) -> int:
    """How many processes load all functions at the same time; what is no number, the gateway itself will say."""
    said = environment.get("GATEWAY_WORKERS") or os.environ.get("GATEWAY_WORKERS", "")
    return max(int(said), 1) if said.isascii() and said.isdigit() else 1
