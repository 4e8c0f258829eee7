"""What a city's people may ask in a month: counted before the work, given back when it fails."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from time import time
from typing import Any, NoReturn
from uuid import uuid4

import pytest

from functions.chatbot.answers.citations import Answer
from functions.chatbot.conversations import answer
from shared.auth import signing
from shared.errors import Unavailable
from shared.peers import internal_calls
from tests.support import ALL_FEATURES, City, call


@pytest.fixture
def limited() -> Iterator[City]:
    with City.known("schriesheim", quotas={"questions": 5}, features=ALL_FEATURES) as made:
        yield made


@pytest.fixture(autouse=True)
def answers(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The documents hold an answer, but for the test in which they do not."""
    if "do_not_answer" not in request.node.name:
        monkeypatch.setattr(
            answer,
            "extract_answer",
            lambda *_: Answer("Von 8 bis 20 Uhr [1]", (), informed=True, written_by="builtin"),
        )


def ask(city: City, role: str = "", **parts: Any) -> Any:
    return city.call("rag-query", role, body={"question": "Wann hat das Bad offen?"}, **parts)


def used(city: City) -> dict[str, int]:
    found: dict[str, int] = json.loads(internal_calls.ask("/api/internal/chatbot/usage", city.id))
    return found


def test_twenty_at_once_get_exactly_as_many_answers_as_there_are_left(limited: City) -> None:
    with ThreadPoolExecutor(12) as pool:
        statuses = sorted(pool.map(lambda _: ask(limited).status, range(20)))
    assert statuses == [200] * 5 + [429] * 15
    assert used(limited) == {"questions": 5}
    assert limited.rows("chatbot", "SELECT count(*) FROM exchanges") == [[5]]


def test_a_question_that_could_not_be_answered_does_not_count(
    limited: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, int]] = []

    def away(*_: object, **__: object) -> NoReturn:
        seen.append(used(limited))
        raise Unavailable

    monkeypatch.setattr(answer, "retrieve", away)
    assert ask(limited).status == 503
    assert (seen, used(limited)) == ([{"questions": 1}], {"questions": 0})


def test_a_streamed_answer_counts_too(limited: City) -> None:
    body = {"question": "Wann hat das Bad offen?"}
    assert limited.call("rag-query", body=body, headers={"accept": "text/event-stream"}).status == 200
    assert used(limited) == {"questions": 1}


def test_only_the_platform_may_ask_what_is_used(limited: City) -> None:
    for role in ("", "city_admin", "super_admin"):
        assert limited.call("get-chatbot-usage", role).status == 401


def test_the_same_question_under_one_key_counts_once_also_at_the_same_moment(limited: City) -> None:
    body = {"question": "Wann hat das Bad offen?"}
    with ThreadPoolExecutor(6) as pool:
        answers = list(
            pool.map(
                lambda _: limited.call("rag-query", body=body, headers={"idempotency-key": "k"}), range(6)
            )
        )
    assert {answer.raw for answer in answers} == {answers[0].raw}
    assert used(limited) == {"questions": 1}


def test_a_question_that_the_documents_do_not_answer_costs_nothing(limited: City) -> None:
    assert [ask(limited).body["informed"] for _ in range(30)] == [False] * 30
    assert used(limited) == {"questions": 0}


@pytest.fixture
def small() -> Iterator[City]:
    """A city with the quota of a small one."""
    with City.known("dossenheim", quotas={"questions": 2_000}, features=ALL_FEATURES) as made:
        yield made


def guest(city: City) -> str:
    return signing.issue("access", uuid4(), city.id, ["citizen"], uuid4(), now=time(), guest=True)[0]


def test_one_address_and_its_guests_use_a_hundredth_of_the_month_in_a_day_and_no_more(small: City) -> None:
    statuses = [ask(small, address="192.0.2.7").status for _ in range(15)]
    statuses += [ask_as(small, guest(small)).status for _ in range(10)]
    assert statuses == [200] * 20 + [429] * 5
    refused = ask(small, address="192.0.2.7")
    assert refused.code == "ENOUGH_FOR_TODAY"
    assert 0 < int(refused.headers["Retry-After"]) <= 86400
    assert used(small) == {"questions": 20}
    assert ask(small, address="192.0.2.8").status == 200
    assert ask(small, "editor", address="192.0.2.7").status == 200  # who tries it out for the city


def ask_as(city: City, token: str) -> Any:
    return call("rag-query", body={"question": "Wann hat das Bad offen?"}, token=token, address="192.0.2.7")


def test_people_who_are_known_count_by_themselves(small: City) -> None:
    assert [ask(small, "citizen", address="192.0.2.7").status for _ in range(21)] == [200] * 20 + [429]
    assert ask(small, address="192.0.2.7").status == 200
