"""A walk through every function with requests that are valid by our own description, and with ids of things
that are there.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok

from shared.kit.record import PLACEHOLDER, Record, camel
from tests.all_functions_app import DESCRIPTION, application
from tests.support import Answer, City, call
from tooling.generate.common import public
from tooling.registry import records

NOTHING = "00000000-0000-4000-8000-000000000000"
EACH = settings(
    max_examples=3,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
BETTER: dict[str, dict[str, Any]] = {  # what JSON Schema cannot say
    "ingest-document": {"url": "https://example.org/a", "file": None},
    "trigger-build": {"platform": "web"},
    "onboard-city": {"timeZone": "Europe/Berlin", "features": []},
    "update-city": {"timeZone": "Europe/Berlin", "features": []},
    "save-app-config": {
        "features": {},
        "theme": {"primary": "#00508c", "secondary": "#ffb400", "background": "#ffffff", "text": "#1a1a1a"},
    },
    "register-device": {"deviceId": "installation-of-this-walk"},
    "create-listing": {"mediaIds": []},
}
WRITTEN: dict[str, dict[str, Any]] = {  # where texts may be long, making them up takes seconds
    "save-legal-text": {"language": "de", "text": "<p>Stadt</p>"},
    "publish-terms": {"texts": {"de": "Bedingungen"}},
    "create-listing": {"categoryId": NOTHING, "title": "Lesung"},
    "create-tile": {"titles": {"de": "Start"}},
    "update-tile": {"titles": {"de": "Neu"}},
    "clone-city": {"slug": "klon", "name": "Klon", "admin": {"email": "a@example.org", "name": "Ada"}},
}
METHODS = ("POST", "PUT", "PATCH", "GET", "DELETE")
HTTP = sorted(public(records().values()), key=lambda record: METHODS.index(record.method))


@lru_cache(1)
def described() -> Any:
    """Our description as schemathesis reads it, by operationId."""
    schema = schemathesis.openapi.from_wsgi(DESCRIPTION, application)
    return {
        found.definition.raw["operationId"]: found
        for operation in schema.get_all_operations()
        if isinstance(operation, Ok) and (found := operation.ok())
    }


@lru_cache(None)
def requests(name: str) -> list[Any]:
    """Some valid requests for a function, always the same."""
    if name in WRITTEN:
        return [SimpleNamespace(body=WRITTEN[name], query={})]
    found: list[Any] = []

    @EACH
    @given(described()[name].as_strategy())
    def collect(case: Any) -> None:
        found.append(case)

    collect()
    return found


@dataclass
class Walk:
    """What was asked in one city, what was answered, and what is there now."""

    city: City
    role: str = "super_admin"
    ids: dict[str, str] = field(default_factory=dict)
    answers: list[tuple[Record, Answer]] = field(default_factory=list)

    def through(self, *methods: str, **parts: Any) -> "Walk":
        """Call every function with these methods, twice, so that what needs what another makes finds it."""
        for record in [r for r in HTTP if r.method in (methods or METHODS)] * 2:
            for case in requests(record.name):
                self.step(record, case, **parts)
        return self

    def step(self, record: Record, case: Any, **parts: Any) -> Answer:
        """One call, with the ids that are known."""
        query = {key: value for key, value in (case.query or {}).items() if value is not None}
        body = self.known(case.body if isinstance(case.body, dict) else {}) | BETTER.get(record.name, {})
        got = call(
            record.name,
            path=self.path(record),
            query=urlencode(query, doseq=True),
            token=self.city.token(self.role),
            tenant="" if record.tenantless else self.city.tenant.slug,
            body=body if record.method != "GET" else None,
            **parts,
        )
        self.answers.append((record, got))
        self.learn(record, got.body)
        return got

    def path(self, record: Record) -> str:
        """Where the function answers; what an unknown id stands for is not there."""
        return PLACEHOLDER.sub(lambda hole: self.ids.get(camel(hole[1]), NOTHING), record.path)

    def known(self, node: Any) -> Any:
        """A body with the ids that are known."""
        if isinstance(node, list):
            return [self.known(item) for item in node]
        if not isinstance(node, dict):
            return node
        return {key: self.ids.get(key) or self.known(value) for key, value in node.items()}

    def learn(self, record: Record, body: Any) -> None:
        """Remember the ids in an answer under the names that addresses have for them: of POST /api/listings
        the {listingId}.
        """
        if not isinstance(body, dict) or "error" in body:
            return
        first = next(iter(body["items"]), {}) if isinstance(body.get("items"), list) else body
        for other in HTTP:
            place, _, hole = other.path.partition("/{")
            name = camel(hole.partition("}")[0])
            found = first.get(name) or (first.get("id") if place == record.path else None)
            if name and found and name not in self.ids:
                self.ids[name] = str(found)
