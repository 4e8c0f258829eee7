"""Calls that are answered later."""

import json
from pathlib import Path

import pytest

from shared.http import Request, Response
from tests.gateway.support import Listener, Running, chunked, eventually
from tests.support import City
from tooling.gateway.later import Later

NAME = "list-listings"


def test_the_answer_comes_to_the_callback(gateway: Running, city: City) -> None:
    with Listener.open() as listener:
        promised = gateway.post(
            f"/async-function/{NAME}.openfaas-fn",
            content=chunked(b'{"limit": 2}'),
            headers={"X-Callback-Url": listener.url, "X-Tenant-ID": city.tenant.slug, "X-Call-Id": "later-1"},
        )
        assert (promised.status_code, promised.content, promised.headers["x-call-id"]) == (
            202,
            b"",
            "later-1",
        )
        eventually(lambda: listener.heard)
    headers, body = listener.heard[0]
    assert json.loads(body)["items"] == []
    assert (headers["x-call-id"], headers["x-function-name"], headers["x-function-status"]) == (
        "later-1",
        NAME,
        "200",
    )
    assert float(headers["x-duration-seconds"]) > 0
    eventually(lambda: not list((gateway.home / "gateway" / "later").iterdir()))


def test_a_refusal_comes_to_the_callback_too(gateway: Running) -> None:
    with Listener.open(status=500) as listener:
        gateway.post(f"/async-function/{NAME}", headers={"X-Callback-Url": listener.url})
        eventually(lambda: listener.heard)
    assert listener.heard[0][0]["x-function-status"] == "400"


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "http://127.0.0.1:1/", "http://[", "nonsense", "ftp://x/"]
)
def test_a_callback_that_nobody_takes_does_no_harm(gateway: Running, city: City, address: str) -> None:
    gateway.post(
        f"/async-function/{NAME}", headers={"X-Callback-Url": address, "X-Tenant-ID": city.tenant.slug}
    )
    eventually(lambda: not list((gateway.home / "gateway" / "later").iterdir()))
    assert gateway.system("GET", f"function/{NAME}").json()["invocationCount"] == 1


def test_a_body_that_is_too_large_is_refused_at_once(
    gateway: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shared.settings import settings

    monkeypatch.setattr(settings(), "max_upload_bytes", 10)
    assert gateway.post(f"/async-function/{NAME}", content=b"x" * 11).status_code == 413


def test_a_promise_survives_a_crash(tmp_path: Path) -> None:
    called: list[tuple[str, str, str, bytes]] = []

    def call(name: str, request: Request) -> Response:
        called.append((name, request.path, request.header("x-tenant-id"), request.body(100)))
        return Response(204)

    environ = {
        "REQUEST_METHOD": "POST",
        "QUERY_STRING": "a=1",
        "HTTP_X_TENANT_ID": "heidelberg",
        "wsgi.input": object(),
    }
    Later(tmp_path, call).accept("send-push", Request(environ, "/rest"), b"\x00body")
    assert [path.stat().st_mode & 0o777 for path in tmp_path.iterdir()] == [0o600]
    revived = Later(tmp_path, call)
    revived.start()
    eventually(lambda: not list(tmp_path.iterdir()))
    revived.close()
    assert called == [("send-push", "/rest", "heidelberg", b"\x00body")]


def test_a_promise_that_cannot_be_kept_is_put_aside_for_somebody_to_look_at(tmp_path: Path) -> None:
    (tmp_path / "1.json").write_text("{")
    later = Later(tmp_path, lambda *_: Response(204))
    later.start()
    eventually(lambda: [path.name for path in tmp_path.iterdir()] == ["1.failed"])
    later.close()
