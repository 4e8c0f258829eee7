"""A second factor as clients see it: an authenticator app (TOTP, RFC 6238), and recovery codes for when it is
lost.
"""

from typing import Annotated, Literal

from pydantic import Field, SecretStr, StringConstraints

from functions.auth.password import Password
from shared.errors import Conflict, Invalid, Unauthenticated
from shared.schema import Schema

Code = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=6, max_length=40, pattern=r"^[A-Za-z0-9 -]+$")
]
Factor = Literal["totp", "recovery_code", "mailed_code"]


class PasswordAndCode(Schema):
    """`code` is from the app that is in use, or a recovery code; whoever has no second factor yet leaves it
    out.
    """

    password: Password
    code: Code | None = None


class Enrolment(Schema):
    """What the app is given, shown this once: as a QR code (`uri`) or typed in (`secret`)."""

    secret: str
    uri: str


class Confirmation(Schema):
    """`code` is what the app shows."""

    code: Code


class RecoveryCodes(Schema):
    """Each of them stands in for the app once; they are shown this once, and earlier ones stop working."""

    recovery_codes: list[str]


class Challenge(Schema):
    """POST /api/auth/login/second-factor with a code within `expiresIn` seconds lets in.

    `mailed_code`: others have guessed at this account. Whether the password was right shows only in whether a
    code arrives.
    """

    challenge: str
    factors: list[Factor]
    expires_in: int


class ChallengeAnswer(Schema):
    """`code` is from the app, a recovery code, or what was mailed."""

    challenge: Annotated[SecretStr, Field(min_length=1, max_length=4096)]
    code: Code


class SecondFactorWrong(Unauthenticated):
    message = "The code is wrong, or it was used before. Wait for the next one."


class ChallengeOver(Unauthenticated):
    message = "This login took too long, or it was tried too often. Please start again with your password."


class ProofWrong(Invalid):
    message = "The password or the code is wrong."


class CodeWrong(Invalid):
    message = "This is not the code that the app shows now. Check the clock of the device."


class NothingToConfirm(Conflict):
    message = "There is no second factor that waits to be confirmed. Set one up first."


class SecondFactorRequired(Conflict):
    message = "A second factor is required of you. You can replace it, but not remove it."


class OwnSecondFactor(Conflict):
    message = "Nobody resets their own second factor. Remove or replace it with your password and a code."
