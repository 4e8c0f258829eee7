"""The language model's adapter, through the real SDK against a local server that speaks its protocol."""

import asyncio
import json
import threading
from collections.abc import Callable, Generator, Iterator
from typing import cast

import httpx
import pytest
from aiohttp import web

from shared.adapters import llm
from shared.adapters.circuit_breaker import FAULTS
from shared.adapters.llm import LlmUnavailable
from shared.kit.settings import settings
from tests.chatbot.support import serving
from tooling.thirdparty.openai import application

KEY = "a-local-key"


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No client outlives a test."""
    monkeypatch.setattr(llm, "RETRIES", 0)
    yield
    if llm.is_configured():
        llm.sdk().close()
    llm.sdk_for.cache_clear()
    settings.cache_clear()


def configure(monkeypatch: pytest.MonkeyPatch, address: str | None, key: str | None = KEY) -> None:
    for name, value in {"OPENAI_BASE_URL": address and f"{address}/v1", "OPENAI_API_KEY": key}.items():
        if value:
            monkeypatch.setenv(name, value)
        else:
            monkeypatch.delenv(name, raising=False)
    settings.cache_clear()


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with serving(application(KEY)) as address:
        configure(monkeypatch, address)
        yield address


def answering(path: str, body: object, status: int = 200) -> tuple[web.Application, list[int]]:
    """A server that always answers the same, and how often it was asked."""
    asked: list[int] = []

    async def handle(_request: web.Request) -> web.Response:
        asked.append(1)
        text = body if isinstance(body, str) else json.dumps(body)
        return web.Response(status=status, text=text, content_type="application/json")

    app = web.Application()
    app.router.add_post(path, handle)
    return app, asked


PROMPT: list[llm.Message] = [
    {
        "role": "user",
        "content": "SOURCE abc 1\nDas Rathaus öffnet um acht Uhr.\nEND abc\n\nQUESTION abc\nWann öffnet das Rathaus?",
    }
]


def test_texts_become_vectors_in_order_over_several_requests(local: str) -> None:
    texts = [f"Bibliothek Nummer{number:03}" for number in range(150)]
    vectors = llm.embed(texts)
    assert len(vectors) == 150
    assert vectors[7] == pytest.approx(llm.embed(["Bibliothek Nummer007"])[0])
    assert vectors[7] != vectors[8]


def test_an_empty_text_still_has_a_vector(local: str) -> None:
    assert len(llm.embed(["", "x"])) == 2
    assert llm.embed([]) == []


def test_the_model_answers(local: str) -> None:
    assert llm.chat(PROMPT) == "Das Rathaus öffnet um acht Uhr. [1]"


def test_a_stream_brings_the_same_answer_in_pieces(local: str) -> None:
    pieces = list(llm.stream_chat(PROMPT))
    assert len(pieces) > 3
    assert "".join(pieces) == "Das Rathaus öffnet um acht Uhr. [1]"


def test_a_stream_may_be_left_early(local: str) -> None:
    stream = llm.stream_chat(PROMPT)
    assert next(stream)
    cast("Generator[str]", stream).close()


def test_without_a_key_or_an_address_nothing_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch, None, None)
    assert not llm.is_configured()
    with pytest.raises(LlmUnavailable):
        llm.embed(["x"])


def test_a_wrong_key_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(application(KEY)) as address:
        configure(monkeypatch, address, "another key")
        with pytest.raises(LlmUnavailable):
            llm.chat(PROMPT)


def test_a_local_model_needs_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(application()) as address:
        configure(monkeypatch, address, None)
        assert llm.chat(PROMPT)


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "null",
        {"data": []},
        {"data": [{"index": 0, "embedding": []}]},
        {"data": [{"index": 5, "embedding": [1.0]}]},
    ],
)
def test_a_nonsensical_embedding_is_unavailable(monkeypatch: pytest.MonkeyPatch, body: object) -> None:
    app, _ = answering("/v1/embeddings", body)
    with serving(app) as address:
        configure(monkeypatch, address)
        with pytest.raises(LlmUnavailable):
            llm.embed(["x"])


@pytest.mark.parametrize(
    "body", ["{", "null", {"choices": []}, {"choices": [{"message": {"content": None}}]}, {}]
)
def test_a_nonsensical_answer_is_unavailable(monkeypatch: pytest.MonkeyPatch, body: object) -> None:
    app, _ = answering("/v1/chat/completions", body)
    with serving(app) as address:
        configure(monkeypatch, address)
        with pytest.raises(LlmUnavailable):
            llm.chat(PROMPT)


def test_a_stream_that_breaks_off_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    async def breaking(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        chunk = {
            "id": "x",
            "object": "chat.completion.chunk",
            "created": 0,
            "model": "m",
            "choices": [{"index": 0, "delta": {"content": "Das "}, "finish_reason": None}],
        }
        await response.write(f"data: {json.dumps(chunk)}\n\n".encode())
        assert request.transport
        request.transport.abort()
        return response

    app = web.Application()
    app.router.add_post("/v1/chat/completions", breaking)
    with serving(app) as address:
        configure(monkeypatch, address)
        stream = llm.stream_chat(PROMPT)
        with pytest.raises(LlmUnavailable):
            list(stream)


@pytest.mark.parametrize(
    ("status", "tries", "asked"),
    [(500, FAULTS + 3, FAULTS), (400, FAULTS + 3, FAULTS + 3), (401, 3, 1), (429, 3, 1)],
)
def test_an_endpoint_that_fails_five_times_refuses_our_key_or_asks_us_to_wait_is_left_alone(
    local: str, status: int, tries: int, asked: int
) -> None:
    httpx.post(f"{local}/_faults", json={"kind": "status", "status": status, "times": 100})
    for _ in range(tries):
        with pytest.raises(LlmUnavailable):
            llm.chat(PROMPT)
    assert len(httpx.get(f"{local}/_last").json()["items"]) == asked


@pytest.mark.parametrize("kind", ["refuse", "truncate", "garbage", "wrong_type", "empty_ok"])
def test_an_endpoint_that_answers_what_nobody_can_use_is_unavailable(local: str, kind: str) -> None:
    httpx.post(f"{local}/_faults", json={"kind": kind, "times": 10})
    with pytest.raises(LlmUnavailable):
        llm.chat(PROMPT)


@pytest.mark.parametrize(
    "call",
    [lambda: llm.chat(PROMPT), lambda: llm.embed(["x"]), lambda: list(llm.stream_chat(PROMPT))],
    ids=["chat", "embed", "stream"],
)
@pytest.mark.parametrize("drop", [b"", b" "], ids=["silent", "a byte now and then"])
def test_an_endpoint_that_takes_for_ever_holds_nobody(
    monkeypatch: pytest.MonkeyPatch, call: Callable[[], object], drop: bytes
) -> None:
    """It would answer for as long as somebody listens; that the connection is lost to it is what ends the
    test.
    """
    for name in ("CHAT_SECONDS", "EMBED_SECONDS", "STREAM_SECONDS"):
        monkeypatch.setattr(llm, name, 0.4)
    gone = threading.Event()

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        if drop:
            await response.prepare(request)
        while request.transport and not request.transport.is_closing():
            if drop:
                await response.write(drop)
            await asyncio.sleep(0.02)
        gone.set()
        return response

    app = web.Application()
    app.router.add_post("/v1/{any:.*}", drip)
    with serving(app) as address:
        configure(monkeypatch, address)
        with pytest.raises(LlmUnavailable):
            call()
        assert gone.wait(120)
