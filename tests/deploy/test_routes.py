"""The same function for the same request, whoever routes: the local gateway, Caddy, the Gateway API, Traefik,
the internal gateway.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache
from typing import Any

import pytest
import yaml

from shared.errors import MethodNotAllowed, Problem
from shared.kit.http import LIVE
from shared.runtime.gateway.routes import Routes, fitting
from shared.runtime.health import READY
from tooling.generate import caddyfile, routes, traefik
from tooling.generate.common import addressed, public
from tooling.registry import ROOT, records

Find = Callable[[str, str], str]
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
PARTS = ("7", "search", "nearby", "me", "a-b", "approve", "resolve", "%C3%BC")
OUTSIDE, INSIDE = Routes(public(records().values())), Routes(records().values())
PRIVATE = [record for record in addressed(records().values()) if record.access.internal]
PROBES = ("/metrics", *LIVE, *READY)


def samples() -> list[str]:
    """Every address with many things in its placeholders, and addresses that are nobody's."""
    found = [
        re.sub(r"\{\w+\}", part, path)
        for record in addressed(records().values())
        for path in (record.path, *record.addresses)
        for part in PARTS
    ]
    return [
        *dict.fromkeys(found),
        "/api",
        "/api/listings/7/nothing",
        "/api/listings//approve",
        "/apix",
        "/",
        "/events/send-email",
        "/ticks/sweep-outbox",
        "/function/login",
        "/system/functions",
        *PROBES,
        *(f"/api/listings{probe}" for probe in PROBES),
    ]


def by_tree(tree: Routes) -> Find:
    def find(method: str, path: str) -> str:
        try:
            return tree.find(method, path)
        # a function at this address says so itself, where others would have taken the path for an id
        except MethodNotAllowed:
            return refusing(tree, method, path)
        except Problem:
            return ""

    return find


def refusing(tree: Routes, method: str, path: str) -> str:
    """Who refuses a method: the first function of an address that is written out, where another's placeholder
    would take it.
    """
    exact, *others = fitting(tree.root, path.strip("/").split("/"))
    is_taken = exact.is_written_out and any(method in node.methods for node in others)
    return next(iter(sorted(exact.methods.items(), key=lambda each: each[0])))[1] if is_taken else ""


def by_caddy(text: str) -> Find:
    """As Caddy's map: the first line that fits."""
    lines = re.findall(r'^\t+"(.+)" ([a-z-]+)(?: [\d/]\S*)?$', text, re.MULTILINE)

    def find(method: str, path: str) -> str:
        asked = f"{method} {path}"
        return next(
            (
                name
                for said, name in lines
                if (re.search(said[1:], asked) if said[0] == "~" else said == asked)
            ),
            "",
        )

    return find


def by_gateway_api() -> Find:
    """As the Gateway API: exact paths before expressions, then in order."""
    found = list(yaml.safe_load_all(routes.gateway_api(records())))
    rules = [(match, rule) for route in found for rule in route["spec"]["rules"] for match in rule["matches"]]

    def find(method: str, path: str) -> str:
        fitting = [
            (match["path"]["type"] != "Exact", n, rule)
            for n, (match, rule) in enumerate(rules)
            if match["method"] == method
            and (
                path == match["path"]["value"]
                if match["path"]["type"] == "Exact"
                else re.fullmatch(match["path"]["value"], path)
            )
        ]
        best = min(fitting, key=lambda each: each[:2], default=None)
        return best[2]["filters"][0]["urlRewrite"]["hostname"].partition(".")[0] if best else ""

    return find


def by_traefik() -> Find:
    """As Traefik: of the rules that fit the one with the highest priority, which must be one."""
    found = list(yaml.safe_load_all(traefik.render(records())))
    rules = [rule for each in found if each["kind"] == "IngressRoute" for rule in each["spec"]["routes"]]
    read = [
        (
            rule["priority"],
            set(re.findall(r"Method\(`(\w+)`\)", rule["match"])),
            *re.findall(r" (Path|PathRegexp)\(`(.+)`\)$", rule["match"])[0],
            rule["middlewares"][-1]["name"],
        )
        for rule in rules
    ]

    def find(method: str, path: str) -> str:
        fitting = [
            (priority, name)
            for priority, methods, kind, said, name in read
            if method in methods and (path == said if kind == "Path" else re.search(said, path))
        ]
        highest = max((priority for priority, _ in fitting), default=0)
        best = [name for priority, name in fitting if priority == highest]
        assert len(best) < 2, (method, path, best)
        return best[0] if best else ""

    return find


def internal(port: str) -> str:
    """The internal gateway's lines for one of its ports."""
    return caddyfile.internal(records()).partition(f"({port}) {{")[2].partition("\n}\n")[0]


@lru_cache(None)
def way(of: str) -> Find:
    """Who routes, by name; made when it is asked for and not when tests are collected."""
    match of:
        case "caddy":
            return by_caddy(caddyfile.edge(records()))
        case "gateway-api":
            return by_gateway_api()
        case "traefik":
            return by_traefik()
    return by_caddy(internal("addresses"))


@pytest.mark.parametrize("of", ["caddy", "gateway-api", "traefik", "internal-gateway"])
def test_every_request_goes_where_the_local_gateway_sends_it(of: str) -> None:
    find, expected = way(of), by_tree(INSIDE if of == "internal-gateway" else OUTSIDE)
    found = 0
    for path in samples():
        for method in METHODS:
            assert find(method, path) == expected(method, path), (method, path)
            found += bool(expected(method, path))
    assert found > len(records())


@pytest.mark.parametrize("of", ["caddy", "gateway-api", "traefik"])
def test_nothing_from_outside_reaches_what_only_the_platform_calls(of: str) -> None:
    assert PRIVATE
    find = way(of)
    for record in PRIVATE:
        assert find(record.method, re.sub(r"\{\w+\}", "7", record.path)) != record.name
    for path in ("/metrics", *LIVE, *READY, "/", "/events/send-email", "/function/send-email"):
        assert {find(method, path) for method in METHODS} == {""}, path


def test_the_brokers_port_names_every_event_and_tick_function_and_no_other() -> None:
    find = by_caddy(internal("names"))
    for record in records().values():
        as_event, as_tick = find("POST", f"/events/{record.name}"), find("POST", f"/ticks/{record.name}")
        assert (as_event == record.name) is (record.kind == "event" or record.name == caddyfile.DEAD_LETTERS)
        assert (as_tick == record.name) is (record.kind == "tick")


def test_an_expression_of_traefik_has_nothing_that_go_reads_differently() -> None:
    for document in yaml.safe_load_all(traefik.render(records())):
        for rule in document["spec"].get("routes", ()):
            assert not re.search(r"\\[^-.]|\(\?[^:]|\{", rule["match"]), rule["match"]


def test_every_body_has_the_limit_of_its_function_everywhere() -> None:
    in_caddy = dict(re.findall(r'" ([a-z-]+) (\d+)$', caddyfile.edge(records()), re.MULTILINE))
    in_traefik = {
        rule["middlewares"][-1]["name"]: rule["middlewares"][1]["name"]
        for document in yaml.safe_load_all(traefik.render(records()))
        for rule in document["spec"].get("routes", ())
    }
    for record in public(records().values()):
        assert int(in_caddy[record.name]) == caddyfile.limit(record) > (record.body_limit or 0)
        assert in_traefik[record.name] == f"up-to-{caddyfile.limit(record)}"
    assert "max_size 52494336" in caddyfile.edge(records())


def test_gateway_api_routes_are_short_enough_and_their_timeouts_durations_that_it_knows() -> None:
    for route in yaml.safe_load_all(routes.gateway_api(records())):
        assert len(route["spec"]["rules"]) <= routes.RULES
        for rule in route["spec"]["rules"]:
            assert timedelta(seconds=int(rule["timeouts"]["request"].removesuffix("s"))) <= timedelta(
                minutes=10
            )


def written(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((ROOT / "knative" / "routes" / name).read_text()))


def test_the_hand_written_limit_is_that_of_the_longest_body() -> None:
    [limits] = [
        each["spec"]["requestBuffer"]
        for each in written("gateway-api/envoy-gateway.yaml")
        if "requestBuffer" in each["spec"]
    ]
    assert int(limits["limit"]) == max(caddyfile.limit(record) for record in public(records().values()))


def test_what_browsers_ask_first_goes_to_a_function_that_is_warm_and_no_edge_has_an_opinion_of_its_own() -> (
    None
):
    [traefik_] = [
        each
        for each in written("traefik/edge.yaml")
        if each["kind"] == "IngressRoute" and each["metadata"]["name"] == "preflights"
    ]
    assert traefik_["spec"]["routes"][0]["middlewares"] == [{"name": "edge"}, {"name": "resolve-city"}]
    [gateway] = [
        each for each in written("gateway-api/gateway.yaml") if each["metadata"]["name"] == "preflights"
    ]
    [rewrite] = gateway["spec"]["rules"][0]["filters"]
    assert rewrite["urlRewrite"]["hostname"] == routes.hostname(records()["resolve-city"])
    assert records()["resolve-city"].min_scale > 0
    for name in ("traefik/edge.yaml", "gateway-api/envoy-gateway.yaml", "gateway-api/gateway.yaml"):
        assert not re.search(
            "accessControl|allowOrigins", (ROOT / "knative" / "routes" / name).read_text()
        ), name


@pytest.mark.parametrize("headers", [("X-Real-IP", "X-Forwarded-Host")])
def test_traefik_drops_every_spelling_that_a_wsgi_server_takes_for_a_trusted_header(
    headers: tuple[str, ...],
) -> None:
    [edge] = [
        each["spec"]["headers"] for each in written("traefik/edge.yaml") if each["metadata"]["name"] == "edge"
    ]
    for header in headers:
        spelled = {a + s + b + t + c for a, b, c in [header.split("-")] for s in "-_" for t in "-_"} - {
            header
        }
        assert spelled <= {name for name, value in edge["customRequestHeaders"].items() if value == ""}


def test_every_middleware_that_a_route_names_exists() -> None:
    documents = [*written("traefik/edge.yaml"), *written("traefik/routes.yaml")]
    there = {each["metadata"]["name"] for each in documents if each["kind"] == "Middleware"}
    named = {
        step["name"]
        for each in documents
        if each["kind"] == "IngressRoute"
        for rule in each["spec"]["routes"]
        for step in rule["middlewares"]
    }
    assert named == there


def test_the_services_of_one_environment_are_allowed_to_route_to_the_ingress() -> None:
    [grant] = written("gateway-api/cluster/grant.yaml")
    assert {each["namespace"] for each in grant["spec"]["from"]} == {
        "heidi-dev",
        "heidi-staging",
        "heidi-prod",
    }
    assert (grant["metadata"]["namespace"], grant["spec"]["to"][0]["name"]) == (
        routes.INGRESS["namespace"],
        routes.INGRESS["name"],
    )
