"""A city's own host names: asked for, proven by DNS, found by every function, given up."""

import socketserver
import threading
from collections.abc import Iterator
from uuid import uuid4

import pytest
from dns import flags, message, rcode, rrset

from shared.adapters import dns
from shared.kit.settings import settings
from shared.tenancy import tenants
from tests.city.factories import platform, registered
from tests.support import City, call


class Zone:
    """What the stand-in for the DNS knows: TXT records by name, and how it fails."""

    def __init__(self) -> None:
        self.texts: dict[str, list[str]] = {}
        self.fault: rcode.Rcode | None = None

    def answer(self, wire: bytes) -> bytes:
        """The answer to one question (RFC 1035 §4)."""
        asked = message.from_wire(wire)
        reply = message.make_response(asked)
        reply.flags |= flags.RA
        name = asked.question[0].name.to_text().rstrip(".").lower()
        if self.fault is not None:
            reply.set_rcode(self.fault)
        elif name not in self.texts:
            reply.set_rcode(rcode.NXDOMAIN)
        else:
            reply.answer.append(
                rrset.from_text_list(name + ".", 60, "IN", "TXT", [f'"{text}"' for text in self.texts[name]])
            )
        return reply.to_wire()


@pytest.fixture
def zone(monkeypatch) -> Iterator[Zone]:
    """A DNS server on this machine, which functions ask."""
    known = Zone()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request[1].sendto(known.answer(self.request[0]), self.client_address)

    with socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler) as server:
        monkeypatch.setattr(settings(), "dns_resolver", f"127.0.0.1:{server.server_address[1]}")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield known
        server.shutdown()
        dns.resolver.cache_clear()


@pytest.fixture
def name() -> str:
    """A host name that no other test has."""
    return f"app-{uuid4().hex[:8]}.weinheim.de"


def ask(made: City, domain: str, role: str = "super_city_admin"):
    return made.call("add-city-domain", role, path=f"/api/cities/{made.id}/domains", body={"domain": domain})


def prove(made: City, domain_id: str):
    return made.call(
        "prove-city-domain", "super_city_admin", path=f"/api/cities/{made.id}/domains/{domain_id}/prove"
    )


def proven(made: City, zone: Zone, domain: str) -> str:
    """A host name that is the city's."""
    wanted = ask(made, domain).body
    zone.texts[wanted["record"]["name"]] = ["something else", wanted["record"]["value"]]
    assert prove(made, wanted["id"]).body["provenAt"] is not None
    return str(wanted["id"])


def test_a_name_leads_to_the_city_when_its_dns_says_so_and_not_before(
    city: City, zone: Zone, name: str
) -> None:
    with registered(city) as made:
        wanted = ask(made, name.upper())
        assert (wanted.status, wanted.body["domain"]) == (201, name)
        assert wanted.body["record"] == {
            "type": "TXT",
            "name": f"_heidi-challenge.{name}",
            "value": wanted.body["record"]["value"],
        }
        refused = prove(made, wanted.body["id"])
        assert (refused.status, refused.code) == (409, "DOMAIN_NOT_PROVEN")
        assert call("list-categories", host=name).code == "TENANT_REQUIRED"
        zone.texts[f"_heidi-challenge.{name}"] = [wanted.body["record"]["value"]]
        assert prove(made, wanted.body["id"]).status == 200
        assert call("list-categories", host=f"{name}:443").status == 200
        assert call("resolve-city", query=f"host={name}").body["id"] == str(made.id)


def test_what_was_proven_stays_without_the_record_and_can_be_given_up(
    city: City, zone: Zone, name: str
) -> None:
    with registered(city) as made:
        domain = proven(made, zone, name)
        zone.texts.clear()
        assert prove(made, domain).status == 200
        assert (
            made.call(
                "remove-city-domain", "super_city_admin", path=f"/api/cities/{made.id}/domains/{domain}"
            ).status
            == 204
        )
        assert call("list-categories", host=name).code == "TENANT_REQUIRED"
        assert call("resolve-city", query=f"host={name}").code == "CITY_NOT_FOUND"


def test_one_name_is_one_citys(city: City, zone: Zone, name: str) -> None:
    with registered(city) as made, registered(city) as other:
        proven(made, zone, name)
        wanted = ask(other, name).body
        zone.texts[wanted["record"]["name"]] = [wanted["record"]["value"]]
        assert prove(other, wanted["id"]).code == "DOMAIN_PROVEN_ELSEWHERE"
        assert call("resolve-city", query=f"host={name}").body["id"] == str(made.id)


def test_the_record_of_one_city_proves_nothing_for_another(city: City, zone: Zone, name: str) -> None:
    with registered(city) as made, registered(city) as other:
        mine = ask(made, name).body["record"]
        zone.texts[mine["name"]] = [mine["value"]]
        assert prove(other, ask(other, name).body["id"]).code == "DOMAIN_NOT_PROVEN"


@pytest.mark.parametrize(
    "bad",
    [
        "weinheim",
        "localhost",
        "a.local",
        "x.localhost",
        "127.0.0.1",
        "-a.de",
        "a..de",
        "x.y.svc",
        "a b.de",
        "ä.de",
    ],
)
def test_what_is_no_public_name_is_refused(city: City, bad: str) -> None:
    assert ask(city, bad).code == "VALIDATION_FAILED"


def test_asking_twice_gives_the_same_record_and_ten_names_are_enough(city: City) -> None:
    with registered(city) as made:
        first, again = ask(made, "a0.weinheim.de"), ask(made, "a0.weinheim.de")
        assert first.body == again.body
        for number in range(1, 10):
            assert ask(made, f"a{number}.weinheim.de").status == 201
        assert ask(made, "a10.weinheim.de").code == "TOO_MANY_DOMAINS"
        listed = platform(made, "list-city-domains", made.id, "/domains").body["items"]
        assert len(listed) == 10


def test_a_dns_that_is_away_is_no_proof_and_no_refusal(city: City, zone: Zone, name: str) -> None:
    with registered(city) as made:
        wanted = ask(made, name).body
        zone.fault = rcode.SERVFAIL
        away = prove(made, wanted["id"])
        assert (away.status, away.code) == (503, "DNS_UNAVAILABLE")


def test_a_host_that_nobody_has_names_no_city_however_often_it_is_asked(city: City, name: str) -> None:
    for _ in range(3):
        assert call("list-categories", host=name).code == "TENANT_REQUIRED"
    assert city.call("list-categories", host="").status == 200


def test_what_a_header_says_is_not_overruled_by_a_foreign_host(
    city: City, other_city: City, name: str
) -> None:
    tenants.memory[name] = (float("inf"), other_city.tenant)
    try:
        assert city.call("list-categories", host=name).status == 200
    finally:
        tenants.memory.pop(name)
