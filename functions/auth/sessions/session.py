"""A session as clients see it: credentials in, tokens out."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, SecretStr

from functions.auth.password import Password
from shared.errors import Unauthenticated
from shared.schema import Email, Schema

Token = Annotated[SecretStr, Field(min_length=1, max_length=4096)]


class Credentials(Schema):
    """`tenantId` is the city's id or slug; it may be left out where the host name or X-Tenant-ID says it."""

    email: Email
    password: Password
    tenant_id: Annotated[str, Field(min_length=1, max_length=63)] | None = None


class RefreshIn(Schema):
    refresh_token: Token


class Person(Schema):
    id: UUID
    name: str
    roles: list[str]
    tenant_id: UUID


class SignedIn(Schema):
    """`expiresIn`: seconds until the access token expires; `only`: the functions that it opens, where it does
    not open all.

    Somebody of whom the city requires a second factor, and who has none, can do nothing but set one up, and
    then refresh.
    """

    access_token: str
    refresh_token: str
    expires_in: int
    user: Person
    only: tuple[str, ...] = ()


class SessionOut(Schema):
    """One place where a person is logged in; `current` is the one that asks."""

    id: UUID
    current: bool
    user_agent: str
    created_at: datetime
    used_at: datetime
    expires_at: datetime


class CredentialsWrong(Unauthenticated):
    message = "The e-mail address or the password is wrong."
