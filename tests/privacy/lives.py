"""People who have left traces in every service, and what is known about them afterwards."""

import importlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from shared.adapters import storage
from shared.db.privacy import Personal
from shared.kit.settings import settings
from tests.analytics.factories import event
from tests.auth.people import Person, join, login
from tests.core.factories import make_category
from tests.support import City, call
from tooling.generate.privacy import tables
from tooling.registry import ROOT

DOCUMENT = """INSERT INTO documents (id, tenant_id, title, state, created_by) VALUES (:id, :tenant, 'Satzung', 'ready', :person)
 RETURNING 1"""
BUILD = """INSERT INTO builds (id, tenant_id, number, platform, status, inputs, inputs_digest, config_version, requested_by)
 SELECT :id, :tenant, count(*) + 1, 'web', 'completed', '{}', 'x', 1, :person FROM builds RETURNING 1"""
MEDIUM = """INSERT INTO media (id, tenant_id, key, filename, content_type, size, state, alt, author, licence, created_by)
 VALUES (:id, :tenant, 'media/x', 'x.jpg', 'image/jpeg', 1, 'ready', '', 'Ada Lenz', 'CC0', :person) RETURNING 1"""
DELETE = "UPDATE profiles SET state = 'deleted', deleted_at = now() - make_interval(days => :days) WHERE id = :person RETURNING 1"


def active(city: City, role: str = "super_city_admin") -> tuple[Person, str]:
    """Somebody who has done something everywhere, and their token."""
    person = join(city, role)
    token = login(city, person).body["accessToken"]
    city.settle()
    device = {"deviceId": "phone", "platform": "fcm", "token": f"fcm-{uuid4().hex}"}
    assert call("register-device", token=token, body=device).status == 201
    listing = {"title": "Lesecafé", "categoryId": str(make_category(city)), "contact": {"name": "Ada Lenz"}}
    assert call("create-listing", token=token, body=listing).status == 201
    for service, made in (("chatbot", DOCUMENT), ("factory", BUILD), ("core", MEDIUM)):
        city.rows(service, made, id=uuid4(), tenant=city.id, person=person.id)
    agreed = {purpose: {"granted": True, "textVersion": "1"} for purpose in ("marketing", "analytics")}
    assert call("set-consents", token=token, body={"consents": agreed}).status == 200
    city.settle()
    assert call("track-events", token=token, body={"consent": True, "events": [event()]}).status == 202
    storage.put(city.id, f"people/{person.id}/1.png", b"photo", "image/png")
    city.rows(
        "users",
        "UPDATE profiles SET photo = :key WHERE id = :id RETURNING 1",
        key=f"people/{person.id}/1.png",
        id=person.id,
    )
    for path in sorted((ROOT / "tests").rglob("*_traces.py")):  # what modules add (./heidi new)
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        importlib.import_module(module).leave(city, person.id)
    city.settle()
    return person, token


def traces(city: City, person: UUID) -> dict[str, int]:
    """In which tables, of all services, a person's id still stands, and how often."""
    found = {}
    for service, table in tables():
        if isinstance(table.privacy, Personal):
            query = f"SELECT count(*) FROM {table.name} WHERE {table.privacy.condition}".replace(
                ":person", f"'{person}'"
            ).replace(":tenant", f"'{city.id}'")
            found[f"{service}.{table.name}"] = city.rows(service, query)[0][0]
    return {name: count for name, count in found.items() if count}


def erase(city: City, person: UUID, days: int = 30) -> None:
    """Let somebody's time be up."""
    city.rows("users", DELETE, person=person, days=days)
    tick()
    city.settle()


def tick(name: str = "erase-expired-users", **later: Any) -> None:
    """Let the clock call a function."""
    due = datetime.now(UTC) + timedelta(**later)
    done = call(
        name,
        path="/",
        token=settings().broker_token.get_secret_value(),
        headers={"x-heidi-tick": due.isoformat()},
    )
    assert done.status == 204, done.body


def erasure(city: City, person: UUID) -> tuple[list[str], bool]:
    """Which services have confirmed, and whether that is all."""
    [[confirmed, done]] = city.rows(
        "users", "SELECT confirmed, completed_at IS NOT NULL FROM erasures WHERE id = :id", id=person
    )
    return sorted(confirmed), done
