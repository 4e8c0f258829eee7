"""The routes, built into an overlay by the real kustomize: its namespace and its domain everywhere, and
nobody else's.
"""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.programs import program
from tooling.generate.common import public
from tooling.registry import ROOT, records

NAMESPACE, DOMAIN = "heidi-elsewhere", "elsewhere.example.org"
CITY, PLATFORM, STRANGER = f"weinheim.{DOMAIN}", DOMAIN, f"weinheim.{DOMAIN}.example"


def built(directory: Path, kind: str) -> list[dict[str, Any]]:
    """What `kubectl apply -k` would send."""
    overlay = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": NAMESPACE,
        "components": [os.path.relpath(ROOT / "knative" / "routes" / kind, directory.resolve())],
        "configMapGenerator": [
            {
                "name": "heidi-settings",
                "literals": [f"HEIDI_NAMESPACE={NAMESPACE}", f"BASE_DOMAIN={DOMAIN}"],
                "options": {"disableNameSuffixHash": True},
            }
        ],
    }
    (directory / "kustomization.yaml").write_text(yaml.safe_dump(overlay), "utf-8")
    done = subprocess.run(
        [program("kubectl"), "kustomize", str(directory)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def of_kind(documents: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [each for each in documents if each["kind"] == kind]


@pytest.fixture(params=["gateway-api", "traefik"])
def documents(request: pytest.FixtureRequest, tmp_path: Path) -> list[dict[str, Any]]:
    return built(tmp_path, request.param)


def test_everything_is_in_the_overlays_namespace_and_nothing_names_another_domain(
    documents: list[dict[str, Any]],
) -> None:
    assert {each["metadata"]["namespace"] for each in documents} == {NAMESPACE}
    assert "heidi.example" not in yaml.safe_dump_all(documents)


def test_every_functions_host_name_is_complete(documents: list[dict[str, Any]]) -> None:
    hosts = set(re.findall(r"[a-z0-9-]+\.[a-z0-9-]+\.svc\.cluster\.local", yaml.safe_dump_all(documents)))
    assert hosts == {f"{record.name}.{NAMESPACE}.svc.cluster.local" for record in public(records().values())}


def test_the_gateway_answers_the_platforms_and_the_cities_names_with_tls(tmp_path: Path) -> None:
    [gateway] = of_kind(built(tmp_path, "gateway-api"), "Gateway")
    listeners = {each["name"]: each for each in gateway["spec"]["listeners"]}
    assert (listeners["platform"]["hostname"], listeners["cities"]["hostname"]) == (DOMAIN, f"*.{DOMAIN}")
    assert all(
        each["tls"]["certificateRefs"] == [{"name": "heidi-tls"}]
        for name, each in listeners.items()
        if name != "http"
    )


def test_functions_are_routed_on_the_listeners_with_tls_only(tmp_path: Path) -> None:
    for route in of_kind(built(tmp_path, "gateway-api"), "HTTPRoute"):
        sections = {parent["sectionName"] for parent in route["spec"]["parentRefs"]}
        assert sections == ({"http"} if route["metadata"]["name"] == "to-tls" else {"platform", "cities"})


def test_traefik_answers_the_platforms_and_the_cities_names_only(tmp_path: Path) -> None:
    for route in of_kind(built(tmp_path, "traefik"), "IngressRoute"):
        is_plain = route["metadata"]["name"] == "to-tls"
        assert (route["spec"]["entryPoints"], "tls" in route["spec"]) == (
            (["web"], False) if is_plain else (["websecure"], True)
        )
        for rule in route["spec"]["routes"]:
            [hosts] = re.findall(r"^HostRegexp\(`([^`]+)`\)", rule["match"])
            assert [bool(re.search(hosts, name)) for name in (CITY, PLATFORM, STRANGER, "example.org")] == [
                True,
                True,
                False,
                False,
            ]
