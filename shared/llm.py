"""Embeddings and chat from an OpenAI-compatible endpoint; whoever calls has a way without it (LlmUnavailable)."""

import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from typing import Any, Literal, TypedDict, TypeVar, cast

from shared.errors import Unavailable
from shared.settings import settings

EMBED_TIMEOUT, CHAT_TIMEOUT = 10.0, 30.0  # seconds, one attempt
RETRIES = 2
EMBED_BATCH = 64
FAILURES_BEFORE_PAUSE = 3
PAUSE = 30.0  # seconds without trying after that many failures in a row
T = TypeVar("T")


class LlmUnavailable(Unavailable):
    """The language model did not answer, is paused after failures, or is not configured."""

    message = "The language model is not available for a moment."


class Message(TypedDict):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


class Breaker:
    """Stops calling an endpoint that failed several times in a row, for a while; then one call tries again."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self.lock = threading.Lock()
        self.failures = 0
        self.closed_until = 0.0

    def check(self) -> None:
        """Raise LlmUnavailable while the pause lasts; the first caller after it becomes the trial."""
        with self.lock:
            if self.failures < FAILURES_BEFORE_PAUSE:
                return
            if self.now() < self.closed_until:
                raise LlmUnavailable(dependency="llm", paused=True)
            self.closed_until = self.now() + PAUSE

    def note(self, *, success: bool) -> None:
        """Remember how a call ended."""
        with self.lock:
            self.failures = 0 if success else self.failures + 1
            if self.failures >= FAILURES_BEFORE_PAUSE:
                self.closed_until = self.now() + PAUSE


breakers = {"embed": Breaker(), "chat": Breaker()}


def is_configured() -> bool:
    """Whether there is an endpoint: a key for OpenAI's own, or the address of another one."""
    return bool(settings().openai_api_key or settings().openai_base_url)


def embedding_model() -> str:
    """Return the name of the configured embedding model, which is stored beside each of its vectors."""
    return settings().openai_embedding_model


def chat_model() -> str:
    """Return the name of the configured chat model, which is shown beside what it wrote."""
    return settings().openai_chat_model


def embed(texts: Sequence[str]) -> list[list[float]]:
    """Return one vector per text, in order; raises LlmUnavailable."""
    vectors: list[list[float]] = []
    for at in range(0, len(texts), EMBED_BATCH):
        batch = [text or " " for text in texts[at : at + EMBED_BATCH]]
        vectors.extend(_guarded("embed", partial(_embed, batch)))
    if len({len(vector) for vector in vectors}) > 1:
        raise LlmUnavailable(dependency="llm", problem="vectors of different dimensions")
    return vectors


def chat(messages: Sequence[Message], *, max_tokens: int = 700) -> str:
    """Return the model's whole answer; raises LlmUnavailable."""
    return _guarded("chat", lambda: _chat(messages, max_tokens))


def stream_chat(messages: Sequence[Message], *, max_tokens: int = 700) -> Iterator[str]:
    """Yield the model's answer piece by piece; LlmUnavailable may come before the first piece or between two."""
    parts = _guarded("chat", lambda: _open_stream(messages, max_tokens))
    try:
        for part in _translated(lambda: next(parts, None)):
            if part.choices and (piece := part.choices[0].delta.content):
                yield piece
    finally:
        parts.response.close()


def _translated(step: Callable[[], Any]) -> Iterator[Any]:
    while (part := _guarded("chat", step)) is not None:
        yield part


def _guarded(kind: str, call: Callable[[], T]) -> T:
    """Call behind the breaker and turn the SDK's errors into ours."""
    if not is_configured():
        raise LlmUnavailable(dependency="llm", configured=False)
    breaker = breakers[kind]
    breaker.check()
    try:
        answer = call()
    except _failures() as error:
        breaker.note(success=False)
        raise LlmUnavailable(dependency="llm") from error
    breaker.note(success=True)
    return answer


def _failures() -> tuple[type[Exception], ...]:
    """Return what a call can fail with.

    The SDK takes whatever it gets for the right shape, and a broken stream surfaces as its HTTP client's own error.
    """
    from openai import OpenAIError

    clients = [sys.modules[name] for name in ("httpx", "httpx2") if name in sys.modules]
    own = (OpenAIError, LlmUnavailable, ValueError, TypeError, AttributeError, LookupError)
    return own + tuple(client.HTTPError for client in clients)


def _client() -> Any:
    key = settings().openai_api_key
    return _client_for(settings().openai_base_url, key.get_secret_value() if key else "local")


@lru_cache(maxsize=4)
def _client_for(base_url: str | None, api_key: str) -> Any:
    from openai import OpenAI

    return OpenAI(base_url=base_url, api_key=api_key, max_retries=RETRIES)


def _embed(batch: list[str]) -> list[list[float]]:
    answer = _client().embeddings.create(
        model=embedding_model(),
        input=batch,
        encoding_format="float",
        timeout=EMBED_TIMEOUT,
    )
    vectors = {item.index: item.embedding for item in answer.data}
    if sorted(vectors) != list(range(len(batch))) or not all(vectors.values()):
        raise LlmUnavailable(dependency="llm", problem="not one vector per text")
    return [vectors[at] for at in range(len(batch))]


def _chat(messages: Sequence[Message], max_tokens: int) -> str:
    answer = _client().chat.completions.create(
        model=settings().openai_chat_model,
        messages=list(messages),
        temperature=0,
        max_tokens=max_tokens,
        timeout=CHAT_TIMEOUT,
    )
    text = answer.choices[0].message.content if answer.choices else None
    if not text:
        raise LlmUnavailable(dependency="llm", problem="an empty answer")
    return cast("str", text)


def _open_stream(messages: Sequence[Message], max_tokens: int) -> Any:
    return _client().chat.completions.create(
        model=settings().openai_chat_model,
        messages=list(messages),
        temperature=0,
        max_tokens=max_tokens,
        timeout=CHAT_TIMEOUT,
        stream=True,
    )
