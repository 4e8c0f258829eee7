"""./heidi events dead and replay --at: dead letters of a platform elsewhere."""

import json
from typing import Any

import pytest

from tests.platform.letters import dead, keep, listed
from tests.platform.test_dead_letters import gateway  # noqa: F401 (a fixture)
from tests.support import City, call
from tooling import letters
from tooling.command_failed import CommandFailed


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch, city: City) -> str:
    """A platform that answers as the real functions do, without a network between."""

    def ask(base: str, path: str, data: bytes | None = None) -> Any:
        where, _, query = path.partition("?")
        name = "list-dead-letters" if data is None else "replay-dead-letter"
        return call(
            name, path=where, query=query, token=city.token("super_admin"), tenant=city.tenant.slug
        ).body

    monkeypatch.setattr(letters, "ask", ask)
    return "https://heidi.example"


def test_letters_are_listed_with_the_function_and_its_answer(
    platform: str, city: City, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(dead(city))
    letters.print_dead(platform, 100)
    shown = capsys.readouterr().out
    assert listed(city)[0]["id"][:8] in shown
    assert "send-email" in shown
    letters.print_dead(platform, 100, as_json=True)
    assert json.loads(capsys.readouterr().out)[0]["id"] == listed(city)[0]["id"]


def test_all_that_wait_are_sent_again_and_each_says_how_it_went(
    platform: str,
    city: City,
    gateway: list[Any],  # noqa: F811 (the fixture)
    capsys: pytest.CaptureFixture[str],
) -> None:
    keep(dead(city))
    keep(dead(city, knativeerrordest="http://x/events/still-away"))
    letters.replay(platform, [letter["id"] for letter in listed(city)])
    said = capsys.readouterr().out
    assert ("delivered" in said, "still 503" in said) == (True, True)
    assert [letter["function"] for letter in listed(city)] == ["still-away"]


def test_without_a_token_it_says_where_one_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEIDI_TOKEN", raising=False)
    with pytest.raises(CommandFailed, match="POST /api/auth/login"):
        letters.print_dead("https://heidi.example", 5)


def test_a_platform_that_does_not_answer_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEIDI_TOKEN", "t")
    with pytest.raises(CommandFailed, match="does not answer"):
        letters.print_dead("http://127.0.0.1:9", 5)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error":{"message":"Your role is not enough."}}', "Your role is not enough."),
        (b"<html>", "<html>"),
        (b"[]", "[]"),
    ],
)
def test_a_refusal_is_the_platforms_own_sentence(body: bytes, said: str) -> None:
    assert letters.refusal(body) == said
