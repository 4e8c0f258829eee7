"""What a function says about itself; everything that is generated is generated from this."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from events.base import Event
from shared.errors import Problem
from shared.kit.features import Feature
from shared.kit.lazy import lazy
from shared.kit.settings import settings

Kind = Literal["http", "event", "tick"]
Load = Literal["concurrency", "cpu"]
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
# what everyone may read, by what it is about; who changes one of them drops it (`ctx.drop`)
Published = Literal["categories", "cities", "legal", "listings", "media", "terms", "tiles"]
PLACEHOLDER = re.compile(r"\{(\w+)\}")


def camel(name: str) -> str:
    """`listing_id` as clients write it: `listingId`."""
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call: a permission, any signed-in person, everyone, or only the platform itself."""

    permission: str | None = None
    signed_in: bool = False
    public: bool = False
    internal: bool = False

    def __str__(self) -> str:
        return self.permission or ("signed-in" if self.signed_in else "public" if self.public else "internal")


@dataclass(frozen=True)
class Record:
    """One deployable function.

    `scale_on="cpu"` is for what computes instead of waiting, and often: one password check fills a core
    whether one caller waits or eight, so that counting callers starts instances too late. What is scaled by
    its load never goes to zero: `min_scale` is 1 or more.
    """

    handler: Callable[..., Any]
    kind: Kind
    access: Access
    method: Method = "POST"
    path: str = ""
    status: int = 200
    events: tuple[type[Event], ...] = ()
    cron: str = ""
    emits: tuple[type[Event], ...] = ()
    raises: tuple[type[Problem], ...] = ()
    feature: Feature | None = None
    tenantless: bool = False
    home_tenant: bool = False
    in_person: bool = False  # no API token, no impersonator
    fresh_login: bool = False  # only shortly after a login
    picture: bool = False  # what pages load by the dozen, and what explains them: counted apart from calls
    allows_api_tokens: bool = False  # API tokens open it whatever their scopes; else they need a permission
    # what its address carries behind the path means nothing, and is no mistake: others append it
    any_query: bool = False
    form: bool = False  # takes its body as application/x-www-form-urlencoded, too
    # what a form carries besides its fields means nothing, and is no mistake: a standard lets others add to it
    any_field: bool = False
    exempt_from_terms: bool = False
    never_stored: bool = False
    by_secret: bool = False  # a stranger's own thing opens by its secret (shared/auth/access_secrets.py)
    # which of the events it hears are for it: of others not even a row is kept
    only: Callable[[Any], bool] | None = None
    # may be brought many events at once, in one transaction: only rows come of it before the commit
    batches: bool = False
    # and after it, something leaves this platform: how long that takes, somebody else decides
    outward: bool = False
    # what an answer to nobody in particular shows: it may be kept for a moment, until a commit drops it
    cache: tuple[Published, ...] = ()
    # what everybody asks for again and again: such an answer is kept in Redis, too
    kept: bool = False
    # what several people may edit: reads carry its `version` in their ETag, writes want it as If-Match
    versioned: bool = False
    # all that its one placeholder may be: addresses written out, which win over others' placeholders
    among: tuple[str, ...] = ()
    accepted_body: type[Any] | None = None  # what it answers with 202 as long as the answer is not ready
    # the calls of an address within an hour after which a proof of work doubles; 0: none is asked of anybody
    proof_of_work: int = 0
    # how many answers that go on (shared/live.py) one instance gives at once, beside the calls that it takes
    threads: int = 0
    min_scale: int = 0
    scale_on: Load = "concurrency"
    memory: int = 128
    timeout: int = 30
    body_limit: int | None = None
    tags: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        """Refuse what no platform could scale."""
        if self.scale_on == "cpu" and not self.min_scale:
            raise ValueError(
                f"{self.name} is scaled by its load, which somebody must be there to have: min_scale=1"
            )

    @property
    def python_name(self) -> str:
        """The name in Python, for example approve_listing."""
        return self.handler.__name__

    @lazy
    def name(self) -> str:
        """The deployed name, for example approve-listing."""
        return self.python_name.replace("_", "-")

    @property
    def module(self) -> str:
        """The module that holds the function."""
        return self.handler.__module__

    @property
    def target(self) -> str:
        """FUNCTION_TARGET: the module without the leading `functions.`."""
        return self.module.removeprefix("functions.")

    @lazy
    def service(self) -> str:
        """The service that the function belongs to."""
        return self.target.partition(".")[0]

    @property
    def database(self) -> str:
        """The one database that the function may use."""
        return settings().postgres_database_prefix + self.service

    @property
    def summary(self) -> str:
        """The first paragraph of the module's docstring."""
        import sys

        from shared.kit.docstrings import first

        return first(sys.modules[self.module].__doc__)

    @property
    def public_path(self) -> str:
        """The path as documented, placeholders in camelCase."""
        return PLACEHOLDER.sub(lambda m: "{" + camel(m[1]) + "}", self.path)

    @property
    def addresses(self) -> tuple[str, ...]:
        """The paths that lead here; a placeholder is left in them where it may be anything."""
        return tuple(PLACEHOLDER.sub(value, self.path) for value in self.among) or (self.path,)

    @lazy
    def types(self) -> tuple[str, ...]:
        """The CloudEvent types that the function hears; `*` is every type."""
        return tuple(event.topic if event.topic == "*" else event.type() for event in self.events)

    @lazy
    def needs_terms(self) -> bool:
        """Whether it is refused to people who have not accepted the city's terms: what writes in their name."""
        speaks_for_nobody = self.access.public or self.access.internal
        return (
            self.kind == "http" and self.method != "GET" and not (self.exempt_from_terms or speaks_for_nobody)
        )

    @lazy
    def claims(self) -> bool:
        """Whether an Idempotency-Key means something here: calls that create, whose answer may be kept."""
        return self.kind == "http" and self.method == "POST" and not (self.tenantless or self.never_stored)

    @lazy
    def read_only(self) -> bool:
        """Whether the function only reads: no transaction block is needed."""
        return self.kind == "http" and self.method == "GET" and not self.emits
