"""The part of the seed that goes through the running stack: events are published, documents are handed in by
an admin.
"""

import hashlib
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx

from functions.platform.outbox_relay import Courier, databases, sweep
from shared.auth.rbac import CITY_ADMIN
from shared.tenancy.tenants import Tenant
from tooling.command_failed import CommandFailed
from tooling.registry import ROOT
from tooling.seed.accounts import demo_accounts
from tooling.seed.cities import tenant_of
from tooling.seed.data import DocumentFacts, load_cities

DOCUMENTS, PATIENCE = "/api/chatbot/documents", 30  # seconds


def seed_through_api(base_url: str) -> None:
    """Publish what the seed has said, so that nobody waits for the sweep; then hand in the documents that are
    missing.
    """
    publish()
    if not any((ROOT / "functions" / "chatbot").rglob("ingest_document.py")):
        print("Documents: nothing to do, ingest-document is not there yet.")
        return
    with httpx.Client(base_url=base_url, timeout=30) as http:
        for facts in load_cities():
            added = hand_in(http, tenant_of(facts.city), facts.documents)
            print(f"{facts.city.name}: {added} documents for the chatbot")


def publish() -> int:
    """Publish everything that waits in an outbox now; how many events that were."""
    with Courier() as courier:
        return sum(sweep(database, courier, older_than=0) for database in databases())


def hand_in(http: httpx.Client, city: Tenant, documents: tuple[DocumentFacts, ...]) -> int:
    """Give the city's chatbot the documents that it lacks, as its admin; how many."""
    headers = {"X-Tenant-ID": city.slug, "Authorization": f"Bearer {login(http, city)}"}
    there = {
        value
        for item in checked(patiently(lambda: http.get(DOCUMENTS, params={"limit": 100}, headers=headers)))[
            "items"
        ]
        for value in item.values()
        if isinstance(value, str)
    }
    missing = [document for document in documents if not {document.title, document.file} & there]
    for document in missing:
        text = document.text.encode()
        once = {"Idempotency-Key": f"seed-{hashlib.sha256(text).hexdigest()}"}
        file = {"file": (document.file, text, "text/markdown")}
        checked(
            patiently(
                partial(
                    http.post, DOCUMENTS, headers=headers | once, files=file, data={"title": document.title}
                )
            )
        )
    return len(missing)


def login(http: httpx.Client, city: Tenant) -> str:
    """An access token of the city's demonstration admin."""
    [admin] = [person for person in demo_accounts(city) if person.role == CITY_ADMIN]
    body = {"email": admin.email, "password": admin.password, "tenantId": city.slug}
    answer = patiently(partial(http.post, "/api/auth/login", json=body, headers={"X-Tenant-ID": city.slug}))
    token: str = checked(answer)["accessToken"]
    return token


def patiently(call: Callable[[], httpx.Response]) -> httpx.Response:
    """The answer; once more after a moment while that is 503: right after a start everything happens for the
    first time.
    """
    answer, until = call(), time.monotonic() + PATIENCE
    while answer.status_code == 503 and time.monotonic() < until:
        time.sleep(1)
        answer = call()
    return answer


def checked(answer: httpx.Response) -> Any:
    """The answer's JSON; a CommandFailed when it is an error."""
    if answer.is_success:
        return answer.json()
    raise CommandFailed(
        f"{answer.request.method} {answer.request.url} answered {answer.status_code}: {answer.text[:300]}"
    )
