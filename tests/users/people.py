"""People for the tests of profiles: with accounts, profiles and tokens."""

import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from events.auth import UserCreated
from shared.auth import signing
from tests.audit.log import said
from tests.auth.people import join
from tests.support import Answer, City, call, deliver


@dataclass
class Known:
    """Somebody whom the users service knows."""

    city: City
    id: UUID
    email: str
    roles: list[str]

    def token(self, *, seconds_ago: float = 0, **claims: Any) -> str:
        """An access token; the login was so long ago."""
        return signing.issue(
            "access",
            self.id,
            self.city.id,
            self.roles,
            uuid4(),
            now=time.time(),
            auth_time=int(time.time() - seconds_ago),
            **claims,
        )[0]

    def call(self, name: str, **parts: Any) -> Answer:
        """Call a function in the own city."""
        return call(name, token=parts.pop("token", "") or self.token(), **parts)

    def about(self, name: str, other: "Known", path: str = "", **parts: Any) -> Answer:
        """Call a function about somebody else."""
        return self.call(name, path=f"/api/users/{other.id}{path}", **parts)


def with_account(city: City, role: str = "editor") -> Known:
    """Somebody who has an account, too."""
    person = join(city, role)
    city.settle()
    return Known(city, person.id, person.email, [role])


def known(
    city: City, role: str = "citizen", name: str = "Ada Lenz", email: str | None = None, **facts: Any
) -> Known:
    """Somebody with a profile, as it begins with an account."""
    person, address = uuid4(), f"{uuid4().hex[:8]}@example.org" if email is None else email
    created = UserCreated(user_id=person, email=address, name=name, language="de", roles=[role], **facts)
    assert deliver("create-profile", said(city, created)).status == 204
    return Known(city, person, address, [role])
