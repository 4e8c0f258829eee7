"""What tests are written with: cities, callers, calls, events. Plain functions and one small class."""

import io
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid4

from pg8000.native import Connection

from functions.platform.queries import CHANGED
from shared.adapters import storage
from shared.auth import signing
from shared.db.pg import pool
from shared.db.sql import Sql
from shared.function import record_of
from shared.kit.cloudevents import BATCH, Envelope
from shared.kit.features import MODULES
from shared.kit.http import Lasting, Request, Response
from shared.kit.record import Record
from shared.kit.settings import settings
from shared.runtime.pipeline import Function
from shared.runtime.registry import ROOT, handler_of
from shared.tenancy import tenants
from shared.tenancy.tenants import PLATFORM, Tenant
from tooling.registry import records, services

ALL_FEATURES = MODULES
OUTBOX = """SELECT id, source, type, time, correlation_id, actor_id, traceparent, impersonator_id, data FROM outbox
 WHERE tenant_id = :tenant ORDER BY id"""
CHANGES = CHANGED.replace(" WHERE ", " WHERE tenant_id = :tenant AND ")


@lru_cache(None)
def function(name: str) -> Function:
    """A function with its pipeline, as it is deployed."""
    return Function(record_of_one(name))


@lru_cache(None)
def record_of_one(name: str) -> Record:
    """A function's record; its own module alone is imported, so that a file of tests does not wait for all."""
    stem = name.replace("-", "_")
    found = [handler for path in (ROOT / "functions").rglob(f"{stem}.py") if (handler := handler_of(path))]
    return record_of(found[0]) if len(found) == 1 else records()[name]


@dataclass
class Answer:
    """What a function answered."""

    status: int
    body: Any
    headers: dict[str, str]
    raw: bytes

    @property
    def code(self) -> str:
        """The error's stable code."""
        code: str = self.body["error"]["code"]
        return code


@dataclass
class Said:
    """One event in the outbox."""

    service: str
    envelope: Envelope
    text: str

    @property
    def type(self) -> str:
        return self.envelope.type.removeprefix("app.heidi.")

    @property
    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = json.loads(self.text)
        return data


def call(
    name: str,
    *,
    method: str | None = None,
    path: str = "",
    query: str = "",
    body: Any = None,
    token: str = "",
    tenant: str = "",
    host: str = "",
    headers: dict[str, str] | None = None,
    address: str = "192.0.2.1",
) -> Answer:
    """Call a function through its whole pipeline; `body` is JSON unless it is bytes."""
    record = record_of_one(name)
    # whichever version there is, where a test does not say which one its caller has seen
    headers = ({"if-match": "*"} if record.versioned and record.method != "GET" else {}) | (headers or {})
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    sent = {"authorization": f"Bearer {token}" if token else "", "x-tenant-id": tenant, "host": host} | (
        headers or {}
    )
    where = path or record.path.partition("{")[0]
    return send(function(name), method or record.method, where, raw, sent, query=query, address=address)


def send(
    to: Function,
    method: str,
    path: str,
    raw: bytes,
    headers: dict[str, str],
    *,
    query: str = "",
    address: str = "192.0.2.1",
) -> Answer:
    """Send a request through a function's whole pipeline, one of a test's own too."""
    sent = dict(headers)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "wsgi.input": io.BytesIO(raw),
        "CONTENT_LENGTH": str(len(raw)),
        "REMOTE_ADDR": address,
        "CONTENT_TYPE": sent.pop("content-type", "application/json"),
    }
    environ |= {"HTTP_" + key.upper().replace("-", "_"): value for key, value in sent.items() if value}
    return answer(to(Request(environ)))


def asked(path: str, tenant_id: UUID | None = None, *, timeout: float = 5) -> bytes:
    """Be the gateway for what one function asks another: an internal GET by its path."""
    where, _, query = path.partition("?")
    fitting = [
        r
        for r in records().values()
        if r.kind == "http"
        and r.method == "GET"
        and function(r.name).binding.path_parameters(where) is not None
    ]
    record = min(fitting, key=lambda r: r.path.count("{"))
    got = call(
        record.name,
        path=where,
        query=query,
        token=settings().broker_token.get_secret_value(),
        tenant=str(tenant_id) if tenant_id else "",
    )
    assert got.status in (200, 404), got.body
    return got.raw if got.status == 200 else b""


def answer(response: Response) -> Answer:
    """A response, read."""
    if isinstance(response.body, Lasting):
        response.body.end()  # what is there already, and no more
    raw = response.body if isinstance(response.body, bytes) else b"".join(response.body)
    if isinstance(response.body, Lasting):
        response.body.close()
    is_json = response.content_type == "application/json" and raw
    return Answer(response.status, json.loads(raw) if is_json else None, response.headers, raw)


def deliver(name: str, event: Said, *, token: str | None = None) -> Answer:
    """Deliver an event as the broker does."""
    token = settings().broker_token.get_secret_value() if token is None else token
    return call(name, path="/", body=event.text.encode(), token=token, headers=event.envelope.headers())


def deliver_together(name: str, *events: Said) -> Answer:
    """Deliver them in one request, as the broker does to a function that takes batches."""
    body = [{"specversion": "1.0", **event.envelope.attributes(), "data": event.data} for event in events]
    return call(
        name,
        path="/",
        body=body,
        token=settings().broker_token.get_secret_value(),
        headers={"content-type": BATCH},
    )


@dataclass
class City:
    """A tenant with helpers to act in it."""

    tenant: Tenant
    people: dict[str, UUID] = field(default_factory=dict)
    delivered: set[str] = field(default_factory=set)

    @classmethod
    @contextmanager
    def known(cls, name: str, **facts: Any) -> "Iterator[City]":
        """A new city that every function knows for as long as the test runs."""
        slug = f"{name}-{uuid4().hex[:8]}"
        tenant = Tenant(
            id=uuid4(),
            slug=slug,
            name=name.title(),
            **({"languages": ("de", "en"), "features": ALL_FEATURES} | facts),
        )
        names = (tenant.slug, str(tenant.id))
        tenants.memory.update(dict.fromkeys(names, (float("inf"), tenant)))
        yield cls(tenant)
        for key in names:
            tenants.memory.pop(key, None)

    @property
    def id(self) -> UUID:
        return self.tenant.id

    def person(self, role: str) -> UUID:
        """The id of this city's one person with a role."""
        return self.people.setdefault(role, uuid4())

    def token(self, role: str, **claims: Any) -> str:
        """An access token of that person; a super admin's is the platform's."""
        home = PLATFORM.id if role == "super_admin" else self.id
        return signing.issue(
            "access", self.person(role), home, [role], uuid4(), now=claims.get("now", time.time())
        )[0]

    def call(self, name: str, role: str = "", **parts: Any) -> Answer:
        """Call a function in this city, as somebody or as nobody."""
        return call(name, token=self.token(role) if role else "", tenant=self.tenant.slug, **parts)

    def sql(self, service: str) -> Sql:
        """SQL in a service's database under this city's row-level security, as the app role."""
        return Sql(pool(settings().postgres_database_prefix + service), self.id)

    def rows(self, service: str, sql: str, **values: Any) -> list[list[Any]]:
        """Rows as this city sees them."""
        work = self.sql(service)
        try:
            found = work.run(sql, **values)
            work.commit()
        finally:
            # after a commit there is nothing to undo; after an error the connection must go back
            work.rollback()
        return found

    def events(self, type: str = "") -> list[Said]:
        """What the city's functions have said, oldest first."""
        said = [
            Said(service, Envelope(str(row[0]), row[1], row[2], row[3], self.id, *row[4:8]), row[8])
            for service in services()
            for row in self.rows(service, OUTBOX, tenant=self.id)
        ]
        return sorted((s for s in said if type in ("", s.type)), key=lambda s: s.envelope.id)

    def changes(self, service: str) -> list[Said]:
        """What the tables of a service have noted of themselves, as the sweep will publish it."""
        with superuser(settings().postgres_database_prefix + service) as connection:
            rows = connection.run(CHANGES, tenant=self.id, service=service, age=-60, after=0)
        return [Said(service, Envelope(str(row[0]), *row[1:9]), row[9]) for row in rows]

    def files(self) -> list[str]:
        """The keys of its files, once those whose rows are gone have gone, too."""
        assert {
            deliver("delete-abandoned-files", said).status for said in self.events("files.abandoned")
        } <= {204}
        return list(storage.keys(self.id))

    def settle(self) -> None:
        """Be the broker: deliver what was said, and what is said because of it, to everyone who listens."""
        while waiting := [event for event in self.events() if event.envelope.id not in self.delivered]:
            for event in waiting:
                self.delivered.add(event.envelope.id)
                for record in records().values():
                    if {"*", event.envelope.type} & set(record.types):
                        done = deliver(record.name, event)
                        assert done.status == 204, (record.name, done.body)


@contextmanager
def superuser(database: str) -> Iterator[Connection]:
    """A connection that row-level security does not bind, to look behind the walls."""
    connection = Connection(
        "postgres",
        host="127.0.0.1",
        port=int(os.environ["POSTGRES_PORT"]),
        database=database,
        password=os.environ["POSTGRES_SUPERUSER_PASSWORD"],
    )
    try:
        yield connection
    finally:
        connection.close()
