"""Embeddings and chat from an OpenAI-compatible endpoint; whoever calls has a way without it
(LlmUnavailable).

Each call ends in time as a whole, however slowly the endpoint sends; an endpoint that is down is left alone
(shared/adapters/circuit_breaker.py).
"""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from typing import Any, Literal, TypedDict, TypeVar, cast

from shared.adapters import http_client
from shared.adapters.circuit_breaker import Breaker, Ended, ending_of_status
from shared.errors import Unavailable
from shared.kit.settings import settings

EMBED_SECONDS, CHAT_SECONDS, STREAM_SECONDS = 10.0, 15.0, 25.0  # for the whole call, tries together
RETRIES = 1  # what the SDK does by itself: after a connection that had died, or a single 5xx
EMBED_BATCH = 64
T = TypeVar("T")


class LlmUnavailable(Unavailable):
    """The language model did not answer, is paused after failures, or is not configured."""

    message = "The language model is not available for a moment."

    def __init__(self, ended: Ended | None = None, **details: Any) -> None:
        super().__init__(dependency="llm", **details)
        self.ended = ended


class Message(TypedDict):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


def is_configured() -> bool:
    """Whether there is an endpoint: a key for OpenAI's own, or the address of another one."""
    return bool(settings().openai_api_key or settings().openai_base_url)


def embedding_model() -> str:
    """The name of the configured embedding model, which is stored beside each of its vectors."""
    return settings().openai_embedding_model


def chat_model() -> str:
    """The name of the configured chat model, which is shown beside what it wrote."""
    return settings().openai_chat_model


def embed(texts: Sequence[str]) -> list[list[float]]:
    """One vector per text, in order; raises LlmUnavailable."""
    vectors: list[list[float]] = []
    for at in range(0, len(texts), EMBED_BATCH):
        batch = [text or " " for text in texts[at : at + EMBED_BATCH]]
        vectors.extend(guarded("embed", partial(request_embeddings, batch), EMBED_SECONDS))
    if len({len(vector) for vector in vectors}) > 1:
        raise LlmUnavailable(problem="vectors of different dimensions")
    return vectors


def chat(messages: Sequence[Message], *, max_tokens: int = 700) -> str:
    """The model's whole answer; raises LlmUnavailable."""
    return guarded("chat", lambda: request_chat(messages, max_tokens), CHAT_SECONDS)


def stream_chat(messages: Sequence[Message], *, max_tokens: int = 700) -> Iterator[str]:
    """The model's answer piece by piece; LlmUnavailable may come before the first piece or between two."""
    end = time.monotonic() + STREAM_SECONDS
    parts = guarded("chat", lambda: request_stream(messages, max_tokens), STREAM_SECONDS)
    try:
        for part in translated(lambda: next(parts, None), end):
            if part.choices and (piece := part.choices[0].delta.content):
                yield piece
    finally:
        parts.response.close()


def translated(step: Callable[[], Any], end: float) -> Iterator[Any]:
    while (part := bounded(step, end - time.monotonic())) is not None:
        yield part


def guarded(kind: str, call: Callable[[], T], seconds: float) -> T:
    """Call behind the breaker."""
    if not is_configured():
        raise LlmUnavailable(configured=False)
    with circuit(kind).call(lambda wait: LlmUnavailable(paused=wait)):
        return bounded(call, seconds)


def bounded(call: Callable[[], T], seconds: float) -> T:
    """Call for so many seconds at most, and turn the SDK's errors into ours."""
    try:
        with http_client.within(max(0.0, seconds)):
            return call()
    except failures() as error:
        raise LlmUnavailable(ending(error)) from error


def circuit(kind: str) -> Breaker:
    key = settings().openai_api_key
    return Breaker("llm", kind, settings().openai_base_url, key.get_secret_value() if key else "")


def ending(error: Exception) -> Ended:
    """Whether the endpoint is to blame, by the status that it answered with."""
    answer = getattr(error, "response", None)
    if answer is None:
        return getattr(error, "ended", None) or Ended("fault")
    return ending_of_status(answer.status_code, http_client.wait_of(answer.headers.get("retry-after")))


def failures() -> tuple[type[Exception], ...]:
    """What a call can fail with.

    The SDK takes whatever it gets for the right shape, and a broken stream surfaces as its HTTP client's own
    error.
    """
    from openai import OpenAIError

    clients = [sys.modules[name] for name in ("httpx", "httpx2") if name in sys.modules]
    own = (OpenAIError, LlmUnavailable, OSError, ValueError, TypeError, AttributeError, LookupError)
    return own + tuple(client.HTTPError for client in clients)


def sdk() -> Any:
    key = settings().openai_api_key
    return sdk_for(settings().openai_base_url, key.get_secret_value() if key else "local")


@lru_cache(maxsize=4)
def sdk_for(base_url: str | None, api_key: str) -> Any:
    import httpx2
    from openai import OpenAI

    http = http_client.client(httpx2, trusted=True, timeout=CHAT_SECONDS)
    return OpenAI(
        base_url=base_url, api_key=api_key, max_retries=RETRIES, http_client=http, timeout=http.timeout
    )


def request_embeddings(batch: list[str]) -> list[list[float]]:
    answer = sdk().embeddings.create(model=embedding_model(), input=batch, encoding_format="float")
    vectors = {item.index: item.embedding for item in answer.data}
    if sorted(vectors) != list(range(len(batch))) or not all(vectors.values()):
        raise LlmUnavailable(problem="not one vector per text")
    return [vectors[at] for at in range(len(batch))]


def request_chat(messages: Sequence[Message], max_tokens: int) -> str:
    answer = sdk().chat.completions.create(
        model=settings().openai_chat_model, messages=list(messages), temperature=0, max_tokens=max_tokens
    )
    text = answer.choices[0].message.content if answer.choices else None
    if not text:
        raise LlmUnavailable(problem="an empty answer")
    return cast("str", text)


def request_stream(messages: Sequence[Message], max_tokens: int) -> Any:
    return sdk().chat.completions.create(
        model=settings().openai_chat_model,
        messages=list(messages),
        temperature=0,
        max_tokens=max_tokens,
        stream=True,
    )
