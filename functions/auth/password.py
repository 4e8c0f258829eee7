"""Passwords: how they are kept, and which ones are good enough."""

import base64
import hashlib
import hmac
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Annotated
from uuid import UUID

from pydantic import Field, SecretStr

from shared.context import Context
from shared.errors import Invalid
from shared.kit.settings import settings
from shared.kit.shares import Whose
from shared.kit.slots import Slots, cores

MINIMUM, SURPRISING = 10, 4
PROCESSORS, PATIENCE = Slots("bcrypt", at_once=cores(), queue=16), 5.0  # seconds
WORDS = Path(__file__).with_name("common_words.txt")
ROWS = (
    "01234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertzuiopü",
    "qwertyuiop",
    "asdfghjklöä",
    "yxcvbnm",
    "zxcvbnm",
)
STEPS = frozenset(row[i : i + 3] for line in ROWS for row in (line, line[::-1]) for i in range(len(line) - 2))
RUN_OR_YEAR = re.compile(r"(.)\1{2,}|(?:19|20)\d\d")
LEET = str.maketrans("013457@$!€", "oieastasie")
RENEW = """UPDATE accounts SET password_hash = :new
 WHERE tenant_id = :tenant AND id = :account AND password_hash = :old RETURNING 1"""
CURRENT = "SELECT password_hash FROM accounts WHERE tenant_id = :tenant AND id = :account"
Password = Annotated[SecretStr, Field(min_length=1, max_length=1000)]


class PasswordTooShort(Invalid):
    message = "The password needs at least {minimum} characters."


class PasswordTooCommon(Invalid):
    message = "This password is one of the first that are guessed. Take four words that do not belong together, for example."


class PasswordTooPersonal(Invalid):
    message = "The password must not be made of your name, your e-mail address or the name of the city."


def text_of(password: SecretStr) -> str:
    """The characters, whether a keyboard composes its letters or not (NIST SP 800-63B §5.1.1.2)."""
    return unicodedata.normalize("NFKC", password.get_secret_value())


def digest(password: SecretStr) -> bytes:
    """What bcrypt is given: 44 bytes for any length, because bcrypt itself reads no more than 72.

    The key keeps plain SHA-256 hashes that were stolen elsewhere from being tried here as they are.
    """
    return base64.b64encode(hmac.digest(b"heidi", text_of(password).encode(), hashlib.sha256))


@contextmanager
def working(ctx: Context) -> Iterator[None]:
    """A processor for a password; Busy where too many wait for one, or too many of one address.

    It takes long: what was read before may have changed afterwards (`ctx.released`).
    """
    with (
        ctx.released(),
        PROCESSORS.taken(PATIENCE, Whose(ctx.address)),
    ):
        yield


def hashed(password: SecretStr) -> str:
    """The bcrypt hash, with the work factor of BCRYPT_ROUNDS."""
    import bcrypt

    return bcrypt.hashpw(digest(password), bcrypt.gensalt(settings().bcrypt_rounds)).decode()


def matches(password: SecretStr, stored: str | None) -> bool:
    """Whether this is the password; where none is stored the answer is no and takes as long, and so does one
    kept with less work.

    Hashes with more work than BCRYPT_ROUNDS take longer than unknown addresses, which tells who has one: do
    not lower it.
    """
    import bcrypt

    text, wanted = digest(password), settings().bcrypt_rounds
    is_right = bcrypt.checkpw(text, (stored or nobodys(wanted)).encode())
    for missing in range(rounds_of(stored), wanted) if stored else ():  # 2^n + 2^n + 2^(n+1) + … is 2^wanted
        bcrypt.checkpw(text, nobodys(missing).encode())
    return is_right and stored is not None


def nobodys(rounds: int) -> str:
    """A hash of no password, with this work factor."""
    return f"$2b${rounds:02d}${'.' * 53}"


def rounds_of(stored: str) -> int:
    """The work factor of a hash."""
    return int(stored.split("$")[2])


def renewed(ctx: Context, account_id: UUID, password: SecretStr, stored: str) -> str:
    """The hash of a password that has just proven right; a new one where BCRYPT_ROUNDS asks for more work
    than it has.

    Where another login of the same moment has made that one, it is its hash, if it is still of this password.
    """
    if rounds_of(stored) >= settings().bcrypt_rounds:
        return stored
    with working(ctx):
        fresh = hashed(password)
    which = {"tenant": ctx.tenant.id, "account": account_id}
    if ctx.sql.run(RENEW, old=stored, new=fresh, **which):
        return fresh
    [others] = ctx.sql.one(CURRENT, **which) or [None]
    return others if others and proves(ctx, password, others) else stored


def chosen(ctx: Context, password: SecretStr, *known: str) -> str:
    """The hash of a password that somebody chooses, if it is good enough (`refuse_weak`)."""
    refuse_weak(password, *known, ctx.tenant.name)
    with working(ctx):
        return hashed(password)


def proves(ctx: Context, password: SecretStr, stored: str | None) -> bool:
    """Whether this is the password (`matches`)."""
    with working(ctx):
        return matches(password, stored)


def refuse_weak(password: SecretStr, *known: str) -> None:
    """Refuse what is short, common, or made of what is `known` about the person: address, name, city."""
    text = text_of(password)
    if len(text) < MINIMUM:
        raise PasswordTooShort(minimum=MINIMUM)
    if surprise(text, common_words()) < SURPRISING:
        raise PasswordTooCommon
    if surprise(text, common_words() | parts(known)) < SURPRISING:
        raise PasswordTooPersonal


def surprise(text: str, words: Collection[str]) -> int:
    """How many different characters are left without these words, years, repetitions and rows of keys."""
    plain = text.casefold()
    as_typed = without_rows(without_words(plain, words))
    as_meant = without_words(without_rows(plain).translate(LEET), words)
    return min(len(set(as_typed)), len(set(as_meant)))


def without_words(text: str, words: Collection[str]) -> str:
    """The text without these words, long ones first."""
    for word in sorted(words, key=len, reverse=True):
        text = text.replace(word, "")
    return text


def without_rows(text: str) -> str:
    """The text without years, repetitions and neighbouring keys."""
    text = RUN_OR_YEAR.sub("", text)
    stepped = {at + n for at in range(len(text) - 2) if text[at : at + 3] in STEPS for n in range(3)}
    return "".join(letter for at, letter in enumerate(text) if at not in stepped)


def parts(known: Iterable[str]) -> frozenset[str]:
    """The words in these texts."""
    return frozenset(
        word
        for text in known
        for word in re.findall(r"[^\W_]{3,}", unicodedata.normalize("NFKC", text).casefold())
    )


@lru_cache(1)
def common_words() -> frozenset[str]:
    """What most passwords are made of, in the ten languages."""
    return frozenset(WORDS.read_text("utf-8").split())
