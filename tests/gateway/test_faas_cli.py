"""The requests of a stock faas-cli, one by one."""

import base64
import json
from datetime import datetime
from typing import Any

import pytest
import yaml

from shared.kit.settings import settings
from tests.gateway.support import PASSWORD, Running, chunked, eventually
from tests.support import City
from tooling.gateway.logs import FOLLOWERS
from tooling.generate.common import IMAGE
from tooling.generate.stack import render
from tooling.registry import records

NAME = "list-listings"


def stack() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(render(records()))["functions"]
    return found


def deployment(name: str) -> dict[str, Any]:
    """What `faas-cli deploy -f stack.yml` makes of one function."""
    said = stack()[name]
    return {
        "service": name,
        "image": said["image"],
        "namespace": "",
        "envProcess": "",
        "envVars": said["environment"],
        "constraints": None,
        "secrets": said["secrets"],
        "labels": said["labels"],
        "annotations": said["annotations"],
        "limits": said["limits"],
        "requests": said["requests"],
        "readOnlyRootFilesystem": said["readonly_root_filesystem"],
    }


def described(gateway: Running, name: str) -> dict[str, Any]:
    found: dict[str, Any] = gateway.system("GET", f"function/{name}", params={"usage": "1"}).json()
    return found


def test_login_accepts_the_password_and_nothing_else(gateway: Running) -> None:
    assert gateway.get("/system/functions", auth=("admin", PASSWORD)).status_code == 200
    for auth in (("admin", "wrong"), ("root", PASSWORD), ("", "")):
        assert gateway.get("/system/functions", auth=auth).status_code == 401
    for header in ("", "Bearer", "Basic", "Basic !", "Basic " + base64.b64encode(b"\xff").decode(), PASSWORD):
        answer = gateway.get("/system/functions", headers={"Authorization": header})
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Basic realm="heidi"')


def test_a_password_is_made_once_and_only_we_can_read_it(gateway: Running) -> None:
    from tooling.gateway.settings import GatewaySettings

    made = [GatewaySettings(heidi_home=gateway.home).password() for _ in range(2)]
    path = gateway.home / "gateway" / "password"
    assert made == [path.read_text().strip()] * 2
    assert len(made[0]) >= 24
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_list_shows_every_function_as_openfaas_does(gateway: Running) -> None:
    listed = gateway.system("GET", "functions").json()
    assert [each["name"] for each in listed] == sorted(records())
    for each in listed:
        assert each.keys() == {
            "name",
            "image",
            "namespace",
            "envProcess",
            "envVars",
            "constraints",
            "secrets",
            "labels",
            "annotations",
            "limits",
            "requests",
            "readOnlyRootFilesystem",
            "invocationCount",
            "replicas",
            "availableReplicas",
            "createdAt",
        }
        assert isinstance(each["labels"], dict)
        assert isinstance(each["annotations"], dict)
        assert each["createdAt"].endswith("Z")
        assert datetime.fromisoformat(each["createdAt"])
    assert gateway.system("GET", "functions", params={"namespace": "openfaas-fn"}).json() == listed
    assert gateway.system("GET", "functions", params={"namespace": "elsewhere"}).json() == []


def test_diff_finds_no_difference_to_stack_yml_before_and_after_a_deployment(gateway: Running) -> None:
    def compared() -> dict[str, Any]:
        return {
            each["name"]: {
                "image": each["image"],
                "environment": each["envVars"],
                "secrets": each["secrets"],
                "labels": each["labels"],
                "annotations": each["annotations"],
                "limits": each["limits"],
                "requests": each["requests"],
                "readonly_root_filesystem": each["readOnlyRootFilesystem"],
            }
            for each in gateway.system("GET", "functions").json()
        }

    kept = (
        "image",
        "environment",
        "secrets",
        "labels",
        "annotations",
        "limits",
        "requests",
        "readonly_root_filesystem",
    )
    wanted = {name: {key: said[key] for key in kept} for name, said in stack().items()}
    assert compared() == wanted
    for name in ("list-listings", "send-email"):
        assert gateway.system("PUT", "functions", json=deployment(name)).status_code == 202
    assert compared() == wanted


def test_describe_counts_calls_and_says_ready(gateway: Running, city: City) -> None:
    before = described(gateway, NAME)
    assert (before["invocationCount"], before["replicas"], before["availableReplicas"]) == (0, 1, 1)
    gateway.post(f"/function/{NAME}.openfaas-fn", headers={"X-Tenant-ID": city.tenant.slug})
    assert described(gateway, NAME)["invocationCount"] == 1
    assert gateway.system("GET", f"function/{NAME}.openfaas-fn").status_code == 200
    assert gateway.system("GET", "function/nope", params={"usage": "1"}).status_code == 404
    assert gateway.system("GET", f"function/{NAME}", params={"namespace": "elsewhere"}).status_code == 404
    assert gateway.get("/healthz").status_code == 200


def test_deploy_keeps_labels_annotations_and_variables_over_a_restart(gateway: Running) -> None:
    from tooling.gateway.deployments import Deployments
    from tooling.gateway.logs import LogBook

    changed = deployment(NAME) | {
        "labels": {"canary": "true"},
        "annotations": {"topic": "x"},
        "envVars": {"A": "1"},
    }
    assert gateway.system("PUT", "functions", json=changed).status_code == 202
    assert described(gateway, NAME)["labels"] == {"canary": "true"}
    again = Deployments(records(), LogBook(), gateway.home / "gateway" / "deployments.json").status(NAME, 0)
    assert (again["annotations"], again["envVars"]) == ({"topic": "x"}, {"A": "1"})


def test_a_removed_function_is_gone_until_it_is_deployed_again(gateway: Running, city: City) -> None:
    headers = {"X-Tenant-ID": city.tenant.slug}
    removal = {"functionName": NAME, "namespace": ""}
    assert (
        gateway.system("DELETE", "functions", content=chunked(json.dumps(removal).encode())).status_code
        == 202
    )
    assert gateway.system("DELETE", "functions", json=removal).status_code == 404
    assert gateway.system("GET", f"function/{NAME}").status_code == 404
    assert NAME not in {each["name"] for each in gateway.system("GET", "functions").json()}
    assert {
        gateway.post(f"/function/{NAME}", headers=headers).status_code,
        gateway.get("/api/listings", headers=headers).status_code,
    } == {404}
    assert gateway.system("PUT", "functions", json=deployment(NAME)).status_code == 404
    assert gateway.system("POST", "functions", json=deployment(NAME)).status_code == 202
    assert gateway.get("/api/listings", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"service": "not-ours"}, "no function 'not-ours'"),
        ({"image": "docker.io/library/nginx:1"}, "not docker.io/library/nginx:1"),
        ({"image": "localhost:5000/nginx"}, "localhost:5000/nginx"),
        ({"labels": 7}, "labels"),
    ],
)
def test_what_cannot_be_deployed_is_refused_with_a_reason(
    gateway: Running, change: dict[str, Any], says: str
) -> None:
    answer = gateway.system("POST", "functions", json=deployment(NAME) | change)
    assert answer.status_code == 400
    assert says in answer.text


def test_another_version_of_our_image_is_ours(gateway: Running) -> None:
    assert (
        gateway.system(
            "PUT", "functions", json=deployment(NAME) | {"image": IMAGE.rpartition(":")[0] + ":v9"}
        ).status_code
        == 202
    )


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"{}", b"null"])
def test_nonsense_is_refused_everywhere(gateway: Running, body: bytes) -> None:
    for method, path in (
        ("PUT", "functions"),
        ("POST", "functions"),
        ("DELETE", "functions"),
        ("POST", "secrets"),
        ("DELETE", "secrets"),
    ):
        assert gateway.system(method, path, content=body).status_code == 400


def test_invoke_reads_a_body_without_a_length_and_an_empty_bearer_token(gateway: Running, city: City) -> None:
    answer = gateway.post(
        f"/function/{NAME}.openfaas-fn",
        content=chunked(b'{"limit": 3}'),
        headers={"X-Tenant-ID": city.tenant.slug, "Content-Type": "text/plain", "Authorization": "Bearer"},
    )
    assert (answer.status_code, answer.json()["items"]) == (200, [])
    assert answer.headers["x-call-id"]


def test_what_follows_the_name_is_the_functions_path(gateway: Running, city: City) -> None:
    answer = gateway.get(
        "/function/get-listing/api/listings/no-such-thing", headers={"X-Tenant-ID": city.tenant.slug}
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "LISTING_NOT_FOUND")
    assert gateway.get(f"/function/{NAME}/_/health").status_code == 200


@pytest.mark.parametrize(
    "path", ["nope", "nope.openfaas-fn", f"{NAME}.elsewhere", "", "List-Listings", NAME + "%00"]
)
def test_a_function_that_is_not_there_is_404(gateway: Running, path: str) -> None:
    assert gateway.post(f"/function/{path}").status_code == 404
    assert gateway.post(f"/async-function/{path}").status_code == 404


def test_there_is_one_namespace_and_no_other_can_be_made(gateway: Running) -> None:
    assert gateway.system("GET", "namespace/openfaas-fn").json()["name"] == "openfaas-fn"
    assert gateway.system("GET", "namespace/another").status_code == 404
    refused = gateway.system("POST", "namespace/", json={"name": "another"})
    assert (refused.status_code, refused.text) == (400, "This gateway has one namespace, openfaas-fn.\n")


@pytest.mark.parametrize(
    ("name", "replicas", "status"),
    [
        ("whoami", 1, 202),
        ("whoami.openfaas-fn", 1, 202),
        ("whoami", 2, 400),
        ("whoami", 0, 400),
        ("whoami", -1, 400),
        ("nobody", 1, 404),
    ],
)
def test_every_function_has_one_replica(gateway: Running, name: str, replicas: int, status: int) -> None:
    wanted = {"serviceName": name, "replicas": replicas}
    assert gateway.system("POST", f"scale-function/{name}", json=wanted).status_code == status


def test_namespaces_and_info_say_what_this_is(gateway: Running) -> None:
    assert gateway.system("GET", "namespaces").json() == ["openfaas-fn"]
    info = gateway.system("GET", "info").json()
    assert info["provider"].keys() == {"provider", "orchestration", "version"}
    assert info["version"].keys() == {"release", "sha"}
    assert info["arch"]


def test_secrets_are_made_changed_listed_and_removed(gateway: Running) -> None:
    def do(method: str, **secret: Any) -> int:
        return gateway.system(method, "secrets", json=secret).status_code

    assert do("POST", name="api-key", value="one") == 201
    assert do("POST", name="api-key", value="two") == 409
    assert do("PUT", name="api-key", rawValue=base64.b64encode(b"\x00two").decode()) == 200
    path = gateway.home / "secrets" / "api-key"
    assert path.read_bytes() == b"\x00two"
    assert path.stat().st_mode & 0o777 == 0o600
    listed = gateway.system("GET", "secrets")
    assert listed.json() == [{"name": "api-key", "namespace": "openfaas-fn"}]
    assert do("DELETE", name="api-key") == 202
    assert do("DELETE", name="api-key") == do("PUT", name="api-key", value="x") == 404
    assert gateway.system("GET", "secrets").json() == []


@pytest.mark.parametrize("name", ["../outside", "a/b", "A", "", ".", "..", "a..b", "-a", "x" * 300, "a\x00b"])
def test_a_secrets_name_leads_nowhere_else(gateway: Running, name: str) -> None:
    assert gateway.system("POST", "secrets", json={"name": name, "value": "v"}).status_code == 400
    assert not (gateway.home / "outside").exists()


def test_logs_show_the_last_lines_of_one_function(gateway: Running, city: City) -> None:
    for n in range(3):
        gateway.post(f"/function/{NAME}", headers={"X-Tenant-ID": city.tenant.slug, "X-Call-Id": f"call-{n}"})
    gateway.post("/function/nearby-listings", headers={"X-Tenant-ID": city.tenant.slug})
    lines = [
        json.loads(line) for line in gateway.system("GET", "logs", params={"name": NAME}).text.splitlines()
    ]
    assert [line["text"].partition("call ")[2] for line in lines] == ["call-0", "call-1", "call-2"]
    assert lines[0].keys() == {"name", "namespace", "instance", "timestamp", "text"}
    assert datetime.fromisoformat(lines[0]["timestamp"])
    tail = gateway.system(
        "GET",
        "logs",
        params={
            "name": f"{NAME}.openfaas-fn",
            "tail": "1",
            "since": lines[0]["timestamp"],
            "follow": "false",
        },
    )
    assert [json.loads(line)["text"] for line in tail.text.splitlines()] == [lines[-1]["text"]]
    assert gateway.system("GET", "logs", params={"name": NAME, "since": "2999-01-01T00:00:00Z"}).text == ""
    assert gateway.system("GET", "logs", params={"name": NAME, "instance": "another"}).text == ""


@pytest.mark.parametrize("question", [{"since": "yesterday"}, {"tail": "many"}])
def test_a_question_about_logs_that_makes_no_sense_is_refused(
    gateway: Running, question: dict[str, str]
) -> None:
    assert gateway.system("GET", "logs", params={"name": NAME} | question).status_code == 400
    assert gateway.system("GET", "logs", params={"name": "nope"}).status_code == 404


def test_logs_of_a_functions_own_are_kept_with_its_call(
    gateway: Running, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.runtime.rate_limits.check", lambda *_, **__: 1 / 0)
    gateway.get("/api/listings", headers={"X-Tenant-ID": city.tenant.slug, "X-Correlation-Id": "chain-9"})
    lines = [
        json.loads(line)["text"]
        for line in gateway.system("GET", "logs", params={"name": NAME}).text.splitlines()
    ]
    own = json.loads(lines[0])
    assert (own["correlationId"], own["message"], "ZeroDivisionError" in own["exception"]) == (
        "chain-9",
        "unexpected error",
        True,
    )
    assert " 500 " in lines[-1]


def test_logs_can_be_followed_and_a_follower_that_leaves_is_noticed(gateway: Running, city: City) -> None:
    book = gateway.made.system.logs
    with gateway.stream(
        "GET", "/system/logs", params={"name": NAME, "follow": "true"}, auth=("admin", PASSWORD)
    ) as stream:
        lines = (line for line in stream.iter_lines() if line)
        gateway.made.system.logs.add(NAME, "the news")
        assert json.loads(next(lines))["text"] == "the news"
        assert book.followers == 1
    eventually(lambda: book.followers == 0)


def test_only_so_many_may_follow(gateway: Running) -> None:
    gateway.made.system.logs.followers = FOLLOWERS
    assert gateway.system("GET", "logs", params={"name": NAME, "follow": "1"}).status_code == 429
    gateway.made.system.logs.followers = 0


def test_event_functions_accept_only_the_broker(gateway: Running) -> None:
    assert gateway.post("/function/send-email", json={}).status_code == 401
    token = settings().broker_token.get_secret_value()
    answer = gateway.post("/function/send-email", json={}, headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "NOT_AN_EVENT")
