"""A local OpenAI-compatible endpoint: /v1/embeddings and /v1/chat/completions, deterministic, also as a
stream.

It knows no language: embeddings are hashed words, and the chat model answers with the sentences of the last
message that share most words with its last lines, citing the source they stand in. Enough to run the whole
path through the real SDK.
"""

import base64
import json
import math
import re
import struct
import time
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

from aiohttp import web

from tooling.thirdparty.faulty_aiohttp import with_faults

DIMENSIONS = 256
EMBEDDING_MODEL, CHAT_MODEL = "local-embedding", "local-chat"
MAX_INPUTS = 2048
Json = dict[str, Any]
WORD = re.compile(r"\w{3,}")
SOURCE = re.compile(r"^SOURCE \w+ (\d+)$")
END = re.compile(r"^END \w+$")


class Refused(Exception):
    """An error in OpenAI's form."""

    def __init__(self, status: int, message: str, kind: str = "invalid_request_error") -> None:
        super().__init__(message)
        self.status, self.message, self.kind = status, message, kind


def embedding(text: str, dimensions: int = DIMENSIONS) -> list[float]:
    """A unit vector made of the text's words; the same text always has the same."""
    vector = [0.0] * dimensions
    for word in WORD.findall(text.lower()) or [text]:
        digest = int.from_bytes(blake2b(word.encode(), digest_size=8).digest(), "big")
        vector[(digest >> 1) % dimensions] += 1.0 if digest & 1 else -1.0
    length = math.sqrt(sum(value * value for value in vector)) or 1.0
    return [value / length for value in vector] if any(vector) else [1.0] + [0.0] * (dimensions - 1)


def reply(messages: list[Json]) -> str:
    """The lines of the last message that share most words with the question at its end, each with its
    source's number.
    """
    prompt = str(messages[-1].get("content", ""))
    sources, _, question = prompt.rpartition("\nQUESTION ")
    wanted = set(WORD.findall((question or prompt).lower().partition("\n")[2]))
    best: list[tuple[int, str]] = []
    number = "0"
    for line in sources.splitlines():
        if found := SOURCE.match(line):
            number = found[1]
        elif not END.match(line) and (shared := len(wanted & set(WORD.findall(line.lower())))):
            best.append((shared, f"{line.strip()} [{number}]"))
    best.sort(key=lambda pair: -pair[0])
    return " ".join(text for _, text in best[:2]) or "NO_INFORMATION"


def embeddings(body: Json) -> Json:
    """The answer of /v1/embeddings."""
    given = body.get("input")
    texts = [given] if isinstance(given, str) else given
    if (
        not isinstance(texts, list)
        or not 0 < len(texts) <= MAX_INPUTS
        or not all(isinstance(t, str) and t for t in texts)
    ):
        raise Refused(400, "'$.input' is invalid")
    vectors = [embedding(text, int(body.get("dimensions") or DIMENSIONS)) for text in texts]
    packed = body.get("encoding_format") == "base64"
    data = [
        {"object": "embedding", "index": at, "embedding": as_base64(vector) if packed else vector}
        for at, vector in enumerate(vectors)
    ]
    usage = dict.fromkeys(("prompt_tokens", "total_tokens"), sum(map(len, texts)) // 4)
    return {"object": "list", "model": body.get("model"), "data": data, "usage": usage}


def as_base64(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def completion(body: Json, text: str) -> Json:
    """The answer of /v1/chat/completions when it is not streamed."""
    message = {"role": "assistant", "content": text, "refusal": None}
    usage = {
        "prompt_tokens": len(str(body["messages"])) // 4,
        "completion_tokens": len(text) // 4,
        "total_tokens": (len(str(body["messages"])) + len(text)) // 4,
    }
    return {
        "id": "chatcmpl-local",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": body.get("model"),
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
        "usage": usage,
    }


def chunks(body: Json, text: str) -> Iterator[str]:
    """The server-sent events of a streamed answer, a word each."""
    deltas: list[Json] = [
        {"role": "assistant", "content": ""},
        *({"content": word} for word in re.findall(r"\S+\s*", text)),
        {},
    ]
    for delta in deltas:
        choice = {"index": 0, "delta": delta, "finish_reason": None if delta else "stop"}
        event = {
            "id": "chatcmpl-local",
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": body.get("model"),
            "choices": [choice],
        }
        yield f"data: {json.dumps(event)}\n\n"
    yield "data: [DONE]\n\n"


def application(api_key: str | None = None) -> web.Application:
    """The server; with a key, requests must carry it as a bearer token."""

    @web.middleware
    async def speak_openai(request: web.Request, handler: Any) -> web.StreamResponse:
        try:
            if api_key is not None and request.headers.get("Authorization") != f"Bearer {api_key}":
                raise Refused(401, "Incorrect API key provided", "invalid_api_key")
            answer: web.StreamResponse = await handler(request)
        except Refused as refused:
            error = {"message": refused.message, "type": refused.kind, "param": None, "code": None}
            return web.json_response({"error": error}, status=refused.status)
        return answer

    async def embed(request: web.Request) -> web.Response:
        return web.json_response(embeddings(await read_body(request)))

    async def models(_request: web.Request) -> web.Response:
        data = [
            {"id": name, "object": "model", "created": 0, "owned_by": "local"}
            for name in (EMBEDDING_MODEL, CHAT_MODEL)
        ]
        return web.json_response({"object": "list", "data": data})

    app = web.Application(middlewares=[speak_openai], client_max_size=16 * 1024 * 1024)
    app.router.add_post("/v1/embeddings", embed)
    app.router.add_post("/v1/chat/completions", answer_chat)
    app.router.add_get("/v1/models", models)
    return with_faults(app)


async def answer_chat(request: web.Request) -> web.StreamResponse:
    body = await read_body(request)
    messages = body.get("messages")
    if (
        not isinstance(messages, list)
        or not messages
        or not all(isinstance(message, dict) for message in messages)
    ):
        raise Refused(400, "'messages' is a required property")
    text = reply(messages)
    if not body.get("stream"):
        return web.json_response(completion(body, text))
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    await response.prepare(request)
    for event in chunks(body, text):
        await response.write(event.encode())
    return response


async def read_body(request: web.Request) -> Json:
    try:
        body = await request.json()
    except ValueError as error:
        raise Refused(400, "We could not parse the JSON body of your request.") from error
    if not isinstance(body, dict):
        raise Refused(400, "The body is not an object.")
    return body
