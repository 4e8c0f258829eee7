"""Whoever writes without a name pays by work: once, in time, at the price of their address."""

import base64
import json
from typing import Any
from uuid import uuid4

import pytest
from altcha.v2 import Challenge, Payload, solve_challenge

from shared.auth import proof_of_work
from shared.context import Context
from shared.function import http, record_of
from shared.kit.settings import settings
from shared.runtime.pipeline import Function
from shared.schema import Schema
from tests.support import Answer, City, send
from tooling.generate import openapi
from tooling.registry import contradictions

FREE = 3
ADDRESS = "192.0.2.7"


class Note(Schema):
    """What a stranger writes."""

    text: str


@http.post("/api/notes", public=True, proof_of_work=FREE)
def write_note(ctx: Context, note: Note) -> Note:
    """Repeat it."""
    return note


write_note.__module__ = "functions.core.write_note"  # a service with a database, for Idempotency-Keys


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof_of_work, "COST", 1)


def given(city: City, address: str = ADDRESS, function: str = "write-note") -> dict[str, Any]:
    got = city.call("get-challenge", query=f"function={function}", address=address)
    assert got.status == 200, got.body
    challenge: dict[str, Any] = got.body
    return challenge


def solved(challenge: dict[str, Any]) -> str:
    made = Challenge.from_dict(challenge)
    solution = solve_challenge(made)
    assert solution
    return Payload(made, solution).to_base64()


def write(
    city: City, proof: str = "", *, role: str = "", body: bytes = b'{"text":"x"}', **more: Any
) -> Answer:
    headers = {"x-tenant-id": city.tenant.slug, proof_of_work.HEADER: proof} | more.pop("headers", {})
    if role:
        headers["authorization"] = f"Bearer {city.token(role)}"
    where = more.pop("address", ADDRESS)
    return send(Function(record_of(write_note)), "POST", "/api/notes", body, headers, address=where)


def test_a_stranger_pays_and_somebody_signed_in_does_not(city: City) -> None:
    asked = write(city)
    assert (asked.status, asked.code) == (403, "PROOF_OF_WORK_REQUIRED")
    assert asked.body["error"]["details"] == {"challenge": "/api/challenges?function=write-note"}
    assert write(city, solved(given(city))).status == 200
    assert write(city, role="citizen").status == 200
    platform = settings().broker_token.get_secret_value()
    assert write(city, headers={"authorization": f"Bearer {platform}"}).status == 200


def test_a_proof_is_good_for_one_call_and_for_that_call_again(city: City) -> None:
    proof = solved(given(city))
    first = write(city, proof, headers={"idempotency-key": "mine"})
    assert (first.status, write(city, proof).code) == (200, "PROOF_OF_WORK_INVALID")
    assert write(city, proof, headers={"idempotency-key": "mine"}).status == 200
    assert write(city, proof, headers={"idempotency-key": "another"}).code == "PROOF_OF_WORK_INVALID"


def test_a_typing_error_costs_no_second_proof(city: City) -> None:
    proof = solved(given(city))
    assert write(city, proof, body=b'{"txt":"x"}').code == "VALIDATION_FAILED"
    assert write(city, proof).status == 200


def test_it_is_for_one_function_of_one_city(city: City, other_city: City) -> None:
    assert write(city, solved(given(city, function="another"))).code == "PROOF_OF_WORK_INVALID"
    assert write(city, solved(given(other_city))).code == "PROOF_OF_WORK_INVALID"


def test_one_that_is_too_old_is_refused(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof_of_work, "MINUTES", -1)
    proof = solved(given(city))
    assert write(city, proof).code == "PROOF_OF_WORK_INVALID"


def test_beyond_a_functions_limit_the_price_doubles_for_that_address_alone(city: City) -> None:
    stored = [solved(given(city)) for _ in range(3)]
    costs = []
    for _ in range(FREE + 3):
        challenge = given(city)
        costs.append(challenge["parameters"]["cost"])
        assert write(city, solved(challenge)).status == 200
    assert costs == [1, 1, 1, 2, 4, 8]
    assert write(city, stored[0]).code == "PROOF_OF_WORK_INVALID"  # fetched while it was cheap
    assert given(city, address="192.0.2.8")["parameters"]["cost"] == 1
    assert write(city, stored[1], address="192.0.2.8").status == 200
    assert given(city, function="another")["parameters"]["cost"] == 1


def test_the_price_has_an_end(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof_of_work, "MOST", 1)
    for _ in range(FREE + 4):
        assert write(city, solved(given(city))).status == 200
    assert given(city)["parameters"]["cost"] == 2


def forged(challenge: dict[str, Any], **changes: Any) -> str:
    challenge = challenge | {"parameters": challenge["parameters"] | changes}
    return solved(challenge)


def test_what_was_made_cheaper_or_by_somebody_else_is_refused(city: City) -> None:
    challenge = given(city)
    for changes in (
        {"keyPrefix": "0"},
        {"cost": 1, "data": None},
        {"expiresAt": 2**40},
        {"nonce": "00" * 16},
    ):
        assert write(city, forged(challenge, **changes)).code == "PROOF_OF_WORK_INVALID"
    for unsolved in (
        {"counter": 0, "derivedKey": "00" * 32},
        {"counter": True, "derivedKey": None},
        {},
        None,
    ):
        payload = json.dumps({"challenge": challenge, "solution": unsolved}).encode()
        assert write(city, base64.b64encode(payload).decode()).code == "PROOF_OF_WORK_INVALID"


NONE: list[Any] = [
    {"challenge": {"parameters": {}}},
    {"challenge": {"parameters": 1, "signature": "x"}, "solution": {"counter": 1, "derivedKey": "x"}},
    {"challenge": [], "solution": []},
]


@pytest.mark.parametrize(
    "payload",
    ["x", "é", "e30=", base64.b64encode(b"[" * 3000).decode(), "A" * 5000]
    + [base64.b64encode(json.dumps(each).encode()).decode() for each in NONE],
)
def test_a_proof_that_is_none_is_refused_and_never_an_error_of_ours(city: City, payload: str) -> None:
    assert write(city, payload).code == "PROOF_OF_WORK_INVALID"


def test_the_documents_say_so_and_contradictions_are_named() -> None:
    record = record_of(write_note)
    assert "ProofOfWork" in [name for name, applies in openapi.APPLIES.items() if applies(record)]

    def read(ctx: Context) -> None:
        """Asks for what nobody pays."""

    wrong = record_of(http.get(f"/api/{uuid4()}", public=True, proof_of_work=1)(read))
    assert contradictions([wrong]) == [
        "read: it asks for a proof of work, so it writes, in a city, and is public"
    ]
