"""A host name as a city asks for it and reads it, and what can be wrong with it."""

import secrets
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from shared.errors import Conflict
from shared.field_errors import wrong
from shared.kit.settings import settings
from shared.schema import Schema
from shared.tenancy.tenants import DOMAIN

PREFIX = "_heidi-challenge"
MOST = 10  # of one city


class DomainProvenElsewhere(Conflict):
    message = "Another city has proven {domain} already; the platform's operators can help."


class DomainNotProven(Conflict):
    message = "There is no TXT record {name} with the value {value} yet. Changes in the DNS can take an hour; then try again."


class TooManyDomains(Conflict):
    message = "A city has {most} host names of its own at the most."


def foreign(name: str) -> str:
    """A host name that can be a city's own; ValueError for the platform's."""
    base = settings().base_domain
    if not DOMAIN.fullmatch(name):
        raise wrong("NOT_A_HOST")
    if name == base or name.endswith("." + base):
        raise wrong("NAMED_ALREADY", domain=base)
    return name


HostName = Annotated[
    str,
    StringConstraints(to_lower=True, strip_whitespace=True, min_length=4, max_length=253),
    AfterValidator(foreign),
]


class DomainIn(Schema):
    """A host name that shall lead to this city; names with other than ASCII letters in their `xn--` form."""

    domain: HostName


class TxtRecord(Schema):
    """What to enter in the DNS of the domain, so that it is known who may dispose of it."""

    type: Literal["TXT"] = "TXT"
    name: str
    value: str


class DomainOut(Schema):
    """A host name; once it is proven (`provenAt`) it leads here, and the record may be removed."""

    id: UUID
    domain: str = Field(validation_alias="name")
    record: TxtRecord
    proven_at: datetime | None
    created_at: datetime


def new_challenge() -> str:
    """128 random bits, which nobody else can have entered."""
    return "heidi-" + secrets.token_urlsafe(16)
