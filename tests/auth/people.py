"""People for tests: they become members the way people do, by invitation."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from events.notification import NotificationRequested
from shared.kit.cloudevents import Envelope
from shared.kit.enclosures import opened
from tests.support import Answer, City, Said, call, deliver

PASSWORD = "Kiesel Anker Ofen 39"


@dataclass
class Person:
    id: UUID
    email: str
    password: str = PASSWORD


def invite(
    city: City, role: str = "editor", email: str = "", by: str = "super_city_admin", **fields: Any
) -> Answer:
    return city.call(
        "invite-user", by, body={"email": email or f"{uuid4().hex[:8]}@example.org", "role": role} | fields
    )


def link_token(city: City) -> str:
    """The token of the newest mailed link."""
    return token_in(link_in(city.events("notification.requested")[-1]))


def link_in(asked: Said) -> str:
    """The link of a letter, which its event holds sealed; empty where it has none."""
    return opened(NotificationRequested.model_validate(asked.data)).get("link", "")


def token_in(link: str) -> str:
    """The token of a link."""
    return link.partition("#token=")[2].partition("&")[0]


def letters(city: City) -> list[tuple[str, str]]:
    """Which mails were asked for, and to whom."""
    return [(said.data["template"], said.data["address"]) for said in city.events("notification.requested")]


def register(
    city: City, email: str, password: str = PASSWORD, name: str = "Ada Lenz", **parts: Any
) -> Answer:
    fields = parts.pop("fields", {})
    return call(
        "register",
        body={"email": email, "name": name, "password": password} | fields,
        tenant=city.tenant.slug,
        **parts,
    )


def verify(token: str, **parts: Any) -> Answer:
    return call("verify-email", body={"token": token}, **parts)


def forget(city: City, email: str, **parts: Any) -> Answer:
    """What is answered; the mail is on its way."""
    answered = call("forgot-password", body={"email": email}, tenant=city.tenant.slug, **parts)
    for event in city.events("password.forgotten"):
        assert deliver("mail-reset-link", event).status == 204
    return answered


def reset(token: str, password: str = "Laterne Quark Segel 7", **parts: Any) -> Answer:
    return call("reset-password", body={"token": token, "password": password}, **parts)


def is_in(body: dict[str, str]) -> bool:
    """Whether an access token still opens something."""
    return call("whoami", token=body["accessToken"]).status == 200


def accept(token: str, password: str = PASSWORD, name: str = "Ada Lenz", **parts: Any) -> Answer:
    return call("accept-invitation", body={"token": token, "name": name, "password": password}, **parts)


def join(city: City, role: str = "editor", email: str = "") -> Person:
    invited = invite(city, role, email, by="super_admin" if role == "super_admin" else "super_city_admin")
    assert invited.status == 201, invited.body
    made = accept(link_token(city))
    assert made.status == 201, made.body
    return Person(UUID(made.body["id"]), made.body["email"])


def login(city: City, person: Person | str, password: str = PASSWORD, **parts: Any) -> Answer:
    email = person if isinstance(person, str) else person.email
    return call("login", body={"email": email, "password": password}, tenant=city.tenant.slug, **parts)


def refresh(token: str, **parts: Any) -> Answer:
    return call("refresh", body={"refreshToken": token}, **parts)


def said(city: City, topic: str, data: dict[str, Any], time: datetime | None = None) -> Said:
    """An event that another service has said in the city's name."""
    envelope = Envelope(
        str(uuid4()),
        "/heidi/elsewhere",
        f"app.heidi.{topic}",
        time or datetime.now(UTC),
        city.id,
        "test",
        "",
        "",
    )
    return Said("elsewhere", envelope, json.dumps(data))
