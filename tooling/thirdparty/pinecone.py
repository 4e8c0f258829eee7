"""A local Pinecone index: the data plane's REST calls for upsert, query, fetch and delete, kept in memory.

It answers what the hosted service answers, limits and error bodies included, so that the real SDK can be
pointed at it with PINECONE_HOST.
"""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from tooling.thirdparty.faulty_aiohttp import with_faults

MAX_REQUEST_BYTES = 2 * 1024 * 1024
MAX_UPSERT = 1000
MAX_DELETE = 1000
MAX_TOP_K = 10_000
MAX_METADATA_BYTES = 40 * 1024
Json = dict[str, Any]
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": lambda value, wanted: bool(value == wanted),
    "$ne": lambda value, wanted: bool(value != wanted),
    "$in": lambda value, wanted: value in wanted,
    "$nin": lambda value, wanted: value not in wanted,
}


class Refused(Exception):
    """An answer that is not a success, in Pinecone's words."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class Index:
    """One serverless index with the cosine metric; a namespace exists from its first vector on."""

    def __init__(self, dimension: int | None = None) -> None:
        self.dimension = dimension
        self.namespaces: dict[str, dict[str, Json]] = {}

    def upsert(self, body: Json) -> Json:
        vectors = body.get("vectors")
        if not isinstance(vectors, list) or not 0 < len(vectors) <= MAX_UPSERT:
            raise Refused(400, "INVALID_ARGUMENT", f"an upsert holds 1 to {MAX_UPSERT} vectors")
        checked = [self.checked(vector) for vector in vectors]
        self.namespaces.setdefault(body.get("namespace", ""), {}).update(
            {vector["id"]: vector for vector in checked}
        )
        return {"upsertedCount": len(checked)}

    def checked(self, vector: Json) -> Json:
        values = numbers(vector.get("values"))
        self.dimension = self.dimension or len(values)
        if len(values) != self.dimension:
            problem = (
                f"Vector dimension {len(values)} does not match the dimension of the index {self.dimension}"
            )
            raise Refused(400, "INVALID_ARGUMENT", problem)
        if not any(values):
            raise Refused(400, "INVALID_ARGUMENT", "Dense vectors must contain at least one non-zero value")
        metadata = vector.get("metadata") or {}
        if len(json.dumps(metadata).encode()) > MAX_METADATA_BYTES:
            raise Refused(
                400,
                "INVALID_ARGUMENT",
                f"Metadata size exceeds the limit of {MAX_METADATA_BYTES} bytes per vector",
            )
        if not isinstance(vector.get("id"), str) or not 0 < len(vector["id"]) <= 512:
            raise Refused(400, "INVALID_ARGUMENT", "Vector ID must be a string of 1 to 512 characters")
        return {"id": vector["id"], "values": values, "metadata": metadata}

    def query(self, body: Json) -> Json:
        top_k = body.get("topK")
        if not isinstance(top_k, int) or not 0 < top_k <= MAX_TOP_K:
            raise Refused(400, "INVALID_ARGUMENT", f"topK must be between 1 and {MAX_TOP_K}")
        kept = self.namespaces.get(body.get("namespace", ""), {})
        wanted = kept[body["id"]]["values"] if body.get("id") in kept else numbers(body.get("vector"))
        if self.dimension is not None and len(wanted) != self.dimension:
            problem = f"Query vector dimension {len(wanted)} does not match the dimension of the index {self.dimension}"
            raise Refused(400, "INVALID_ARGUMENT", problem)
        found = [vector for vector in kept.values() if matches(vector["metadata"], body.get("filter") or {})]
        scored = sorted(
            ((cosine(wanted, vector["values"]), vector) for vector in found), key=lambda pair: -pair[0]
        )
        shown = [as_match(score, vector, body) for score, vector in scored[:top_k]]
        return {"matches": shown, "namespace": body.get("namespace", ""), "usage": {"readUnits": 1}}

    def delete(self, body: Json) -> Json:
        kept = self.namespaces.get(body.get("namespace", ""))
        if kept is None:
            raise Refused(404, "NOT_FOUND", "Namespace not found")
        ids = body.get("ids") or []
        if len(ids) > MAX_DELETE:
            raise Refused(400, "INVALID_ARGUMENT", f"a delete holds at most {MAX_DELETE} ids")
        if body.get("filter"):
            ids = [name for name, vector in kept.items() if matches(vector["metadata"], body["filter"])]
        for name in list(kept) if body.get("deleteAll") else ids:
            kept.pop(name, None)
        return {}

    def fetch(self, ids: list[str], namespace: str) -> Json:
        kept = self.namespaces.get(namespace, {})
        return {
            "vectors": {name: kept[name] for name in ids if name in kept},
            "namespace": namespace,
            "usage": {"readUnits": 1},
        }

    def stats(self, _body: Json) -> Json:
        counts = {name: {"vectorCount": len(kept)} for name, kept in self.namespaces.items()}
        total = sum(len(kept) for kept in self.namespaces.values())
        return {
            "namespaces": counts,
            "dimension": self.dimension or 0,
            "indexFullness": 0.0,
            "totalVectorCount": total,
        }


def numbers(values: object) -> list[float]:
    if (
        not isinstance(values, list)
        or not values
        or not all(isinstance(value, int | float) for value in values)
    ):
        raise Refused(400, "INVALID_ARGUMENT", "values must be a list of numbers")
    return [float(value) for value in values]


def as_match(score: float, vector: Json, body: Json) -> Json:
    match = {"id": vector["id"], "score": score}
    if body.get("includeValues"):
        match["values"] = vector["values"]
    if body.get("includeMetadata"):
        match["metadata"] = vector["metadata"]
    return match


def cosine(a: list[float], b: list[float]) -> float:
    """The cosine of the angle between two vectors."""
    lengths = math.sqrt(math.fsum(x * x for x in a) * math.fsum(x * x for x in b))
    return math.fsum(x * y for x, y in zip(a, b, strict=True)) / lengths if lengths else 0.0


def matches(metadata: Mapping[str, Any], conditions: Mapping[str, Any]) -> bool:
    """Whether metadata meets a filter; $eq, $ne, $in, $nin, $and and $or are known, others refused."""
    for name, condition in conditions.items():
        if name in {"$and", "$or"}:
            together = all if name == "$and" else any
            if not together(matches(metadata, part) for part in condition):
                return False
        elif not meets(metadata.get(name), condition if isinstance(condition, dict) else {"$eq": condition}):
            return False
    return True


def meets(value: Any, condition: Json) -> bool:
    unknown = set(condition) - set(OPERATORS)
    if unknown:
        raise Refused(400, "INVALID_ARGUMENT", f"unknown operator {min(unknown)}")
    return all(OPERATORS[name](value, wanted) for name, wanted in condition.items())


def application(api_key: str, index: Index | None = None) -> web.Application:
    """The server; requests must carry the key in the Api-Key header."""
    index = index or Index()

    @web.middleware
    async def speak_pinecone(request: web.Request, handler: Any) -> web.StreamResponse:
        try:
            if request.headers.get("Api-Key") != api_key:
                raise Refused(401, "UNAUTHENTICATED", "Invalid API Key")
            answer: web.StreamResponse = await handler(request)
        except Refused as refused:
            return web.json_response(
                {"code": refused.code, "message": refused.message, "details": []}, status=refused.status
            )
        return answer

    def post(operation: Any) -> Any:
        async def handle(request: web.Request) -> web.Response:
            return web.json_response(operation(await read_body(request)))

        return handle

    async def fetch(request: web.Request) -> web.Response:
        return web.json_response(
            index.fetch(request.query.getall("ids", []), request.query.get("namespace", ""))
        )

    app = web.Application(middlewares=[speak_pinecone], client_max_size=MAX_REQUEST_BYTES + 1)
    app.router.add_post("/vectors/upsert", post(index.upsert))
    app.router.add_post("/vectors/delete", post(index.delete))
    app.router.add_post("/query", post(index.query))
    app.router.add_post("/describe_index_stats", post(index.stats))
    app.router.add_get("/vectors/fetch", fetch)
    return with_faults(app)


async def read_body(request: web.Request) -> Json:
    data = await request.read()
    if len(data) > MAX_REQUEST_BYTES:
        raise Refused(400, "INVALID_ARGUMENT", "Request size exceeds the limit of 2MB")
    try:
        body = json.loads(data)
    except ValueError as error:
        raise Refused(400, "INVALID_ARGUMENT", "the body is not valid JSON") from error
    if not isinstance(body, dict):
        raise Refused(400, "INVALID_ARGUMENT", "the body is not an object")
    return body
