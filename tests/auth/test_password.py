"""What is a good enough password, and what is kept of it."""

from concurrent.futures import ThreadPoolExecutor

import bcrypt
import pytest
from pydantic import SecretStr

from functions.auth.password import (
    PasswordTooCommon,
    PasswordTooPersonal,
    PasswordTooShort,
    common_words,
    hashed,
    matches,
    refuse_weak,
)
from shared.kit.settings import settings
from tests.auth.people import join, login
from tests.support import City
from tooling.seed.accounts import DEMO_PASSWORD

KNOWN = ("lena.brandt@example.org", "Lena Brandt-Yılmaz", "Heidelberg")


@pytest.mark.parametrize(
    "password",
    [
        "Kiesel Anker Ofen 39",
        "correct horse battery staple",
        "f7Kq-29xLm",
        "zwölf rote Ziegel",
        "Пять жёлтых лодок",
        "青い山と静かな湖の夜明け",
        "d4e5a6f7b8c9",
        DEMO_PASSWORD,
    ],
)
def test_good_ones_are_taken(password: str) -> None:
    refuse_weak(SecretStr(password), *KNOWN)


@pytest.mark.parametrize("password", ["", "a", "f7Kq-29xL", "äöüäöüäöü"])
def test_short_ones_are_refused(password: str) -> None:
    with pytest.raises(PasswordTooShort):
        refuse_weak(SecretStr(password), *KNOWN)


@pytest.mark.parametrize(
    "password",
    [
        "1234567890",
        "0987654321",
        "password123",
        "Passwort2024!",
        "P@ssw0rd2023",
        "P@ssw0rd12345",
        "qwertzuiop",
        "qwertyuiop1",
        "aaaaaaaaaaaa",
        "abcdefghijkl",
        "1q2w3e4r5t",
        "Sommer2024!!",
        "iloveyou1234",
        "hallohallo",
        "abababababab",
        "asdfghjkl123",
        "Schatzi-1998",
        "Fussball2006",
        "1111122222",
        "12341234123",
        "admin-admin-admin",
        "лоллоллоллол",
        "пароль123456",
    ],
)
def test_common_ones_are_refused(password: str) -> None:
    with pytest.raises(PasswordTooCommon):
        refuse_weak(SecretStr(password), *KNOWN)


@pytest.mark.parametrize(
    "password",
    ["lena.brandt@example.org", "LenaBrandt1984", "Heidelberg69", "H3idelb3rg-2026", "yılmaz-lena-22"],
)
def test_what_everybody_knows_about_a_person_is_refused(password: str) -> None:
    with pytest.raises(PasswordTooPersonal):
        refuse_weak(SecretStr(password), *KNOWN)


def test_the_same_password_is_kept_differently_each_time() -> None:
    one, two = hashed(SecretStr("Kiesel Anker Ofen")), hashed(SecretStr("Kiesel Anker Ofen"))
    assert one != two
    assert matches(SecretStr("Kiesel Anker Ofen"), one)
    assert not matches(SecretStr("Kiesel Anker Ofen "), one)


def test_without_a_stored_password_none_is_right() -> None:
    assert not matches(SecretStr(""), None)


def test_the_list_of_words_is_clean() -> None:
    assert len(common_words()) > 200
    assert all(word == word.casefold() and len(word) >= 3 for word in common_words())


def rounds(monkeypatch: pytest.MonkeyPatch, wanted: int) -> None:
    monkeypatch.setattr(settings(), "bcrypt_rounds", wanted)


@pytest.mark.parametrize("kept_with", [4, 5, 7])
def test_a_hash_with_less_work_takes_as_much_as_one_of_today_and_as_nobodys(
    kept_with: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds(monkeypatch, kept_with)
    stored = hashed(SecretStr(DEMO_PASSWORD))
    rounds(monkeypatch, 7)
    work: list[int] = []
    real = bcrypt.checkpw
    monkeypatch.setattr(
        bcrypt, "checkpw", lambda text, kept: work.append(2 ** int(kept[4:6])) or real(text, kept)
    )
    assert matches(SecretStr(DEMO_PASSWORD), stored)
    assert sum(work) == 2**7
    work.clear()
    assert not matches(SecretStr("wrong"), None)
    assert sum(work) == 2**7


def test_a_hash_with_less_work_is_made_anew_at_the_next_login(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = join(city)
    rounds(monkeypatch, 5)
    assert login(city, person, "wrong").status == 401
    assert kept(city).startswith("$2b$04$")
    assert login(city, person).status == 200
    assert kept(city).startswith("$2b$05$")
    assert login(city, person).status == 200


def test_all_who_log_in_while_a_hash_is_made_anew_get_in(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    person = join(city)
    rounds(monkeypatch, 5)
    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(lambda _: login(city, person).status, range(6)))
    assert statuses == [200] * 6
    assert kept(city).startswith("$2b$05$")


def kept(city: City) -> str:
    [[stored]] = city.rows("auth", "SELECT password_hash FROM accounts")
    return str(stored)
