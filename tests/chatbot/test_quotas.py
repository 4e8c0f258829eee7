"""What a city's people may ask in a month: counted before the work, given back when it fails."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

import pytest

from functions.chatbot.conversations import rag_query
from shared import inside
from shared.errors import Unavailable
from tests.support import ALL_FEATURES, City


@pytest.fixture
def limited() -> Iterator[City]:
    with City.known("schriesheim", quotas={"questions": 5}, features=ALL_FEATURES) as made:
        yield made


def ask(city: City):
    return city.call("rag-query", body={"question": "Wann hat das Bad offen?"})


def used(city: City) -> dict[str, int]:
    found: dict[str, int] = json.loads(inside.ask("/api/internal/chatbot/usage", city.id))
    return found


def test_twenty_at_once_get_exactly_as_many_answers_as_there_are_left(limited: City) -> None:
    with ThreadPoolExecutor(20) as pool:
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

    monkeypatch.setattr(rag_query, "retrieve", away)
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
