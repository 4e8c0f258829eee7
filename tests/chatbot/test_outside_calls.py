"""What a model is asked, and paid for: nothing that is refused or unanswerable anyway, and not without end
what it cannot answer.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from aiohttp import web

from functions.chatbot.answers import generative
from functions.chatbot.conversations import daily_share
from shared.adapters import llm
from shared.db.pg import pool
from shared.kit.settings import settings
from tests.adapters.conftest import servers, thirdparty
from tests.chatbot.support import serving
from tests.chatbot.test_documents import TEXT, ingest
from tests.support import ALL_FEATURES, Answer, City
from tooling.stack.environment import entered
from tooling.thirdparty.openai import application

__all__ = ["servers", "thirdparty"]
pytestmark = pytest.mark.usefixtures("thirdparty")
KEY = "a-local-key"
SENSE, NONSENSE = "Wann hat das Rathaus auf?", "Quux blorf zyxgnat?"


@contextmanager
def configured(app: web.Application) -> Iterator[None]:
    """This is the model."""
    with serving(app) as address, entered({"OPENAI_BASE_URL": f"{address}/v1", "OPENAI_API_KEY": KEY}):
        yield
        llm.sdk().close()
        llm.sdk_for.cache_clear()


@pytest.fixture
def calls() -> Iterator[Counter[str]]:
    """A model that is configured, and how often it was asked for what."""
    asked: Counter[str] = Counter()

    @web.middleware
    async def counted(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        asked[request.path.rpartition("/")[2]] += 1
        return await handler(request)

    app = application(KEY)
    app.middlewares.append(counted)
    with configured(app):
        yield asked


@pytest.fixture
def informed(city: City, calls: Counter[str]) -> City:
    """A city with a document, with whose embedding the counting is over."""
    ingest(city, TEXT)
    city.settle()
    calls.clear()
    return city


def ask(city: City, question: str = NONSENSE, address: str = "192.0.2.1") -> Answer:
    return city.call("rag-query", body={"question": question}, address=address)


def test_a_question_that_can_be_answered_is_embedded_and_written(informed: City, calls: Counter[str]) -> None:
    assert ask(informed, SENSE).body["informed"]
    assert calls == {"embeddings": 1, "completions": 1}


def test_the_same_question_under_one_key_is_kept_once_and_no_connection_is_held_while_a_model_works(
    informed: City, calls: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lent, embed, chat = list[int](), llm.embed, llm.chat
    shares = pool(settings().postgres_database_prefix + "chatbot").shares
    monkeypatch.setattr(llm, "embed", lambda *given: lent.append(shares.free) or embed(*given))
    monkeypatch.setattr(generative, "chat", lambda *given: lent.append(shares.free) or chat(*given))
    asked: dict[str, Any] = {"body": {"question": SENSE}, "headers": {"idempotency-key": "k"}}
    first, second = (informed.call("rag-query", **asked) for _ in range(2))
    assert (first.status, first.body) == (second.status, second.body)
    assert lent == [settings().postgres_pool_size] * 2
    assert calls == {"embeddings": 1, "completions": 1}
    assert informed.rows("chatbot", "SELECT count(*) FROM exchanges") == [[1]]


def test_a_model_that_is_away_costs_neither_the_answer_nor_the_key(city: City) -> None:
    ingest(city, TEXT)
    city.settle()
    asked: dict[str, Any] = {"body": {"question": SENSE}, "headers": {"idempotency-key": "k"}}
    with configured(web.Application()):
        first, second = (city.call("rag-query", **asked) for _ in range(2))
    assert first.body["writtenBy"] == "builtin"
    assert (first.status, first.body) == (second.status, second.body)


def test_a_city_without_documents_buys_nothing(city: City, calls: Counter[str]) -> None:
    assert [ask(city, question).body["informed"] for question in (SENSE, NONSENSE)] == [False, False]
    assert not calls


def test_a_question_without_a_word_buys_nothing(informed: City, calls: Counter[str]) -> None:
    assert ask(informed, "?! … !?").body["informed"] is False
    assert not calls


@pytest.mark.parametrize(
    "said",
    [
        "Hallo",
        "Guten Morgen!",
        "Danke, das hat mir geholfen!",
        "Thank you very much",
        "Tak",
        "Tusen takk",
        "Tack så mycket",
        "Teşekkür ederim",
        "Спасибо большое",
        "Дякую",
        "شكرا جزيلا",
        "خیلی ممنون",
    ],
)
def test_a_greeting_or_thanks_buy_nothing(informed: City, calls: Counter[str], said: str) -> None:
    assert ask(informed, said).body["informed"] is False
    assert not calls


def test_a_question_that_begins_politely_is_a_question(informed: City, calls: Counter[str]) -> None:
    ask(informed, f"Hallo, {NONSENSE}")
    assert calls


def test_a_city_that_has_used_up_its_questions_buys_nothing(calls: Counter[str]) -> None:
    with City.known("edingen", quotas={"questions": 0}, features=ALL_FEATURES) as made:
        ingest(made, TEXT)
        made.settle()
        calls.clear()
        assert ask(made, SENSE).code == "QUOTA_EXCEEDED"
    assert not calls


def test_questions_in_vain_are_bought_so_often_a_day_for_one_address(
    informed: City, calls: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daily_share, "IN_VAIN", 2)
    assert [(answer.status, answer.body["informed"]) for answer in [ask(informed) for _ in range(5)]] == [
        (200, False)
    ] * 5
    assert calls["embeddings"] == 2
    ask(informed, address="192.0.2.2")
    assert calls["embeddings"] == 3
    assert ask(informed, SENSE).body["writtenBy"] == "builtin"  # they still read what the documents say


def test_questions_in_vain_are_bought_so_often_a_day_for_one_city(
    informed: City, calls: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daily_share, "IN_VAIN_IN_CITY", 3)
    for number in range(6):
        ask(informed, address=f"192.0.2.{number}")
    assert calls["embeddings"] == 3


def test_questions_that_are_answered_use_nothing_of_that_up(
    informed: City, calls: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daily_share, "IN_VAIN", 1)
    assert {ask(informed, SENSE).body["writtenBy"] for _ in range(4)} == {llm.chat_model()}
    assert calls["embeddings"] == 4
