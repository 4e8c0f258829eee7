"""Cities that really are in the registry."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from shared.kit.settings import settings
from shared.tenancy import tenants
from shared.tenancy.tenants import Tenant
from tests.support import City, call


def city_body(**fields: Any) -> dict[str, Any]:
    """What a super admin sends to onboard a city."""
    return {
        "slug": f"weinheim-{uuid4().hex[:8]}",
        "name": "Weinheim",
        "state": "Baden-Württemberg",
        "languages": ["de", "en"],
        "features": ["chatbot"],
        "admin": {"email": "Admin@Weinheim.example", "name": "Ada Admin"},
    } | fields


def onboard(by: City, role: str = "super_admin", **fields: Any):
    """The answer to an onboarding by somebody of the platform, or of `by`."""
    return call("onboard-city", token=by.token(role), body=city_body(**fields))


@contextmanager
def registered(by: City, *, opened: bool = True, **fields: Any) -> Iterator[City]:
    """A city that was onboarded, and is open unless that is what the test is about; forgotten again at the
    end of the block.
    """
    answer = onboard(by, **fields)
    assert answer.status == 201, answer.body
    if opened:
        City(resolved(answer.body["id"])).rows("city", "UPDATE cities SET preparing = false RETURNING 1")
    tenant = resolved(answer.body["id"])
    yield City(tenant)
    tenants.forget(tenant)


def resolved(name: str) -> Tenant:
    """The tenant as every function reads it from `find-tenant`."""
    answer = call("find-tenant", query=f"name={name}", token=settings().broker_token.get_secret_value())
    assert answer.status == 200, answer.body
    return Tenant.model_validate_json(answer.raw)


def publish_imprint(made: City, **fields: Any) -> None:
    """Let a city publish an imprint, without which it cannot be activated again."""
    body = {"language": "de", "text": "<p>Stadt Weinheim, Obertorstraße 9</p>", "publish": True} | fields
    answer = made.call(
        "save-legal-text", "super_city_admin", path=f"/api/cities/{made.id}/legal/imprint", body=body
    )
    assert answer.status == 201, answer.body


def platform(by: City, name: str, which: object, tail: str = "", **parts: Any):
    """The answer to a super admin's call about a city."""
    return call(name, path=f"/api/cities/{which}{tail}", token=by.token("super_admin"), **parts)
