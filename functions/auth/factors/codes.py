"""Codes: those that an app makes from the time (RFC 6238: SHA-1, six digits, 30 seconds), and those on paper."""

import base64
import hashlib
import os
from datetime import datetime
from uuid import UUID

DIGITS, DRIFT = 6, 1  # one step before and after now: clocks differ, and typing takes time
RECOVERY_CODES = 10


def new_secret() -> str:
    """160 random bits, as apps read them."""
    import pyotp

    return pyotp.random_base32()


def address(secret: str, email: str, city: str) -> str:
    """The otpauth address that an app scans."""
    import pyotp

    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=f"HEIDI {city}")


def step_of(secret: str, code: str, at: datetime) -> int | None:
    """The time step that a code belongs to; None when it is none of those that are good now."""
    import pyotp

    try:
        return pyotp.TOTP(secret).verify_and_get_timecode(code, for_time=at, valid_window=DRIFT)
    except pyotp.OTPVerificationError:
        return None


def new_recovery_codes() -> list[str]:
    """80 random bits each, in groups of four letters and digits."""
    letters = [base64.b32encode(os.urandom(10)).decode() for _ in range(RECOVERY_CODES)]
    return ["-".join(code[at : at + 4] for at in range(0, len(code), 4)) for code in letters]


def plain(code: str) -> str:
    """A code without what makes it readable."""
    return code.replace(" ", "").replace("-", "").upper()


def hash_of(account_id: UUID, code: str) -> bytes:
    """What is kept of a recovery code; random as it is, one round of SHA-256 is enough."""
    return hashlib.sha256(account_id.bytes + plain(code).encode()).digest()
