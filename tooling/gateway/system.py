"""OpenFaaS's own API under /system, as faas-cli uses it."""

import base64
import hmac
import platform
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, Field, ValidationError

from shared.errors import NotFound
from shared.kit.http import Request, Response
from shared.runtime.gateway.counted import Counted
from tooling.gateway.deployments import NAMESPACE, Deployment, Deployments
from tooling.gateway.logs import LogBook, Question, TooManyFollowers, answer
from tooling.gateway.secretstore import Secret, SecretStore
from tooling.generate.common import IMAGE, VERSION

Model = TypeVar("Model", bound=BaseModel)
LIMIT = 1024 * 1024
INSTANCE = "local"
CHALLENGE = {"WWW-Authenticate": 'Basic realm="heidi"'}


def text(status: int, message: str = "", **headers: str) -> Response:
    """Plain text, which faas-cli shows as it is."""
    return Response(
        status, (message + "\n").encode() if message else b"", "text/plain; charset=utf-8", headers
    )


def json(value: Any) -> Response:
    """JSON."""
    return Response(200, orjson.dumps(value))


class Refused(Exception):
    """An answer that is not a success, as text."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class System:
    """Who is let in, and what they can do."""

    def __init__(
        self, functions: Deployments, logs: LogBook, secrets: SecretStore, password: str, counted: Counted
    ) -> None:
        self.functions, self.logs, self.secrets, self.counted = functions, logs, secrets, counted
        self.expected = b"admin:" + password.encode()
        self.answers: dict[tuple[str, str], Callable[[Request], Response]] = {
            ("GET", "functions"): self.list,
            ("PUT", "functions"): self.update,
            ("POST", "functions"): self.deploy,
            ("DELETE", "functions"): self.remove,
            ("GET", "info"): lambda _: json(INFO),
            ("GET", "logs"): self.read_logs,
            ("GET", "namespaces"): lambda _: json([NAMESPACE]),
            ("GET", "secrets"): self.list_secrets,
            ("POST", "secrets"): self.create_secret,
            ("PUT", "secrets"): self.update_secret,
            ("DELETE", "secrets"): self.remove_secret,
        }
        self.rooms: dict[str, Callable[[Request, str], Response]] = {
            "function": self.describe,
            "scale-function": self.scale,
            "namespace": self.namespace,
        }

    def __call__(self, request: Request, what: str) -> Response:
        """Answer /system/<what>; refusals are text."""
        if not self.lets_in(request):
            return text(401, "Log in first: faas-cli login --username admin --password-stdin", **CHALLENGE)
        try:
            room, _, name = what.partition("/")
            if room in self.rooms:
                return self.rooms[room](request, name)
            found = self.answers.get((request.method, what))
            return (
                found(request)
                if found
                else text(404 if all(what != known for _, known in self.answers) else 405, "not here")
            )
        except Refused as error:
            return text(error.status, str(error))
        except NotFound as error:
            return text(404, error.text("en"))

    def lets_in(self, request: Request) -> bool:
        """Basic authentication; faas-cli without a login sends an empty bearer token."""
        scheme, _, given = request.header("authorization").partition(" ")
        try:
            said = base64.b64decode(given) if scheme.lower() == "basic" else b""
        except ValueError:
            said = b""
        return hmac.compare_digest(said, self.expected)

    def list(self, request: Request) -> Response:
        """All functions, by name."""
        if not here(request):
            return json([])
        calls = self.counted.calls()
        return json(
            [self.functions.status(name, calls.get(name, 0)) for name in sorted(self.functions.deployed)]
        )

    def describe(self, request: Request, name: str) -> Response:
        """One function."""
        if request.method not in {"GET", "HEAD"}:
            return text(405, "only GET", Allow="GET, HEAD")
        if not here(request):
            raise NotFound("Function", name)
        name = name.removesuffix(f".{NAMESPACE}")
        return json(self.functions.status(name, self.counted.calls().get(name, 0)))

    def scale(self, request: Request, name: str) -> Response:
        """POST: there is one instance of each function, no more and no fewer."""
        wanted = body(request, Scale)
        self.functions.get((name or wanted.serviceName).removesuffix(f".{NAMESPACE}"))
        if wanted.replicas != 1:
            raise Refused(400, "This gateway runs every function itself, so each has one replica.")
        return text(202)

    def namespace(self, request: Request, name: str) -> Response:
        """GET: the one that there is; it cannot be changed, and no other made."""
        if request.method not in {"GET", "HEAD"}:
            raise Refused(400, f"This gateway has one namespace, {NAMESPACE}.")
        if name != NAMESPACE:
            return text(404, f"there is no namespace {name[:63]}")
        return json({"name": NAMESPACE, "labels": {}, "annotations": {"openfaas": "1"}})

    def update(self, request: Request) -> Response:
        """PUT: describe a function anew; 404 where it is not deployed, after which faas-cli sends a POST."""
        wanted = body(request, Deployment)
        self.functions.get(wanted.service)
        self.functions.deploy(ours(wanted))
        return text(202)

    def deploy(self, request: Request) -> Response:
        """POST: the same, also for one that was removed."""
        wanted = body(request, Deployment)
        if wanted.service not in self.functions.records:
            raise Refused(
                400,
                f"There is no function {wanted.service!r}: this gateway runs the folder functions/, not images.",
            )
        self.functions.deploy(ours(wanted))
        return text(202)

    def remove(self, request: Request) -> Response:
        """DELETE: hide a function until it is deployed again."""
        self.functions.remove(body(request, Removal).functionName)
        return text(202)

    def read_logs(self, request: Request) -> Response:
        """Newline-delimited JSON, to the end or without one."""
        asked = {name: value for name, value in request.query.items() if isinstance(value, str)}
        name = asked.get("name", "").removesuffix(f".{NAMESPACE}")
        self.functions.get(name)
        try:
            since = datetime.fromisoformat(asked["since"]).timestamp() if asked.get("since") else 0.0
            tail = max(0, int(asked.get("tail") or 0))
        except ValueError as error:
            raise Refused(400, f"since is a time (RFC 3339) and tail a number: {error}") from None
        follow = asked.get("follow", "").lower() in {"1", "t", "true"}
        if not here(request) or asked.get("instance") not in {None, "", INSTANCE}:
            return Response(200, b"", "application/x-ndjson")
        try:
            found = answer(self.logs, Question(name, NAMESPACE, INSTANCE, tail, since, follow))
        except TooManyFollowers:
            raise Refused(429, "too many readers follow logs at this moment") from None
        return Response(200, found, "application/x-ndjson")

    def list_secrets(self, _: Request) -> Response:
        """Names only."""
        return json([{"name": name, "namespace": NAMESPACE} for name in self.secrets.names()])

    def create_secret(self, request: Request) -> Response:
        """409 where there is one of that name."""
        return self.change_secret(request, self.secrets.create, 201)

    def update_secret(self, request: Request) -> Response:
        """404 where there is none."""
        return self.change_secret(request, self.secrets.update, 200)

    def remove_secret(self, request: Request) -> Response:
        """202: faas-cli takes a 204 for a failure."""
        return self.change_secret(request, lambda secret: self.secrets.remove(secret.name), 202)

    def change_secret(self, request: Request, change: Callable[[Secret], None], status: int) -> Response:
        """What can go wrong with a secret, as statuses."""
        secret = body(request, Secret)
        try:
            change(secret)
        except FileExistsError:
            raise Refused(409, f"There is a secret {secret.name} already.") from None
        except KeyError:
            raise Refused(404, f"There is no secret {secret.name}.") from None
        except ValueError as error:
            raise Refused(400, str(error)) from None
        return text(status)


class Removal(BaseModel):
    """What `faas-cli remove` sends."""

    functionName: str  # noqa: N815 (OpenFaaS's name)


class Scale(BaseModel):
    """What OpenFaaS sends to have more of a function, or fewer."""

    serviceName: str = ""  # noqa: N815 (OpenFaaS's name)
    replicas: int = Field(ge=0)


INFO = {
    "provider": {
        "provider": "heidi-local",
        "orchestration": "process",
        "version": {"release": VERSION, "sha": ""},
    },
    "version": {"release": VERSION, "sha": ""},
    "arch": platform.machine(),
}


def here(request: Request) -> bool:
    """Whether the namespace that is asked for is ours; none is ours too."""
    return request.query.get("namespace") in {None, "", NAMESPACE}


def body(request: Request, model: type[Model]) -> Model:
    """The body as a model; Refused says what is wrong."""
    try:
        return model.model_validate_json(request.body(LIMIT))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise Refused(400, f"{'.'.join(map(str, first['loc'])) or 'body'}: {first['msg']}") from None


def ours(wanted: Deployment) -> Deployment:
    """Only our own image can be meant; its version may differ."""
    if repository(wanted.image) != repository(IMAGE):
        raise Refused(400, f"This gateway runs the functions of this folder ({IMAGE}), not {wanted.image}.")
    return wanted.model_copy(update={"created_at": datetime.now(UTC)})


def repository(image: str) -> str:
    """An image's name without its version."""
    host, slash, name = image.rpartition("/")
    return host + slash + name.partition(":")[0].partition("@")[0]
