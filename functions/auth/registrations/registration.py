"""A registration as a person writes it, and what everyone is answered, whether the address has an account or
not.
"""

from datetime import timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import StringConstraints

from functions.auth.one_time_tokens import LENGTH
from functions.auth.password import Password
from shared.schema import Email, LanguageTag, Line, Schema

VALID_FOR = timedelta(hours=24)


class RegistrationIn(Schema):
    """`language` is the person's; the city's first one where it is left out."""

    email: Email
    name: Line
    password: Password
    language: LanguageTag | None = None


class VerificationSent(Schema):
    """`registrationId` is what `resend-verification` is asked with, by whoever registered and nobody else."""

    status: Literal["verification_sent"] = "verification_sent"
    registration_id: UUID


class Again(Schema):
    registration_id: UUID


class Proof(Schema):
    """`token` is what the mailed link holds."""

    token: Annotated[str, StringConstraints(max_length=2 * LENGTH)]
