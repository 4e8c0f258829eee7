"""Passwords: how they are kept, and which ones are good enough."""

import base64
import hashlib
import hmac
import re
import unicodedata
from collections.abc import Collection, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr

from shared.errors import Invalid
from shared.settings import settings

MINIMUM, SURPRISING = 10, 4
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


def hashed(password: SecretStr) -> str:
    """The bcrypt hash, with the work factor of BCRYPT_ROUNDS."""
    import bcrypt

    return bcrypt.hashpw(digest(password), bcrypt.gensalt(settings().bcrypt_rounds)).decode()


def matches(password: SecretStr, stored: str | None) -> bool:
    """Whether this is the password; where none is stored the answer is no and takes as long."""
    import bcrypt

    nobody = f"$2b${settings().bcrypt_rounds:02d}${'.' * 53}"
    return bcrypt.checkpw(digest(password), (stored or nobody).encode()) and stored is not None


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
