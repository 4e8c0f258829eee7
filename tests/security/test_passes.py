"""Three tokens inside the platform, each of which opens one direction: who has one cannot do what the others
are for.
"""

import hashlib
from collections.abc import Iterator
from uuid import uuid4

import pytest

from broker.settings import BrokerSettings
from broker.triggers import Trigger
from shared.kit.settings import settings
from shared.peers import service_tokens
from tests.auth.people import said
from tests.broker.conftest import database
from tests.broker.conftest import settings as broker_settings
from tests.broker.support import APPROVED, TOKEN, binary, stage, story
from tests.support import City, call, deliver
from tooling.registry import records
from tooling.stack.environment import entered

__all__ = ["broker_settings", "database"]
BROKER, PUBLISH, INTERNAL = "b" * 40, "p" * 40, "i" * 40
TOLD = sorted(
    r.name for r in records().values() if r.access.internal and (r.kind != "http" or r.method != "GET")
)
ASKED = sorted(
    r.name for r in records().values() if r.access.internal and r.kind == "http" and r.method == "GET"
)


@pytest.fixture
def _a_function() -> Iterator[None]:
    """What a function of a cluster knows: what it shows, and of the broker's token a hash."""
    known = {
        "BROKER_TOKEN_HASHES": hashlib.sha256(BROKER.encode()).hexdigest(),
        "INTERNAL_TOKEN": INTERNAL,
        "PUBLISH_TOKEN": PUBLISH,
    }
    with entered(known):
        yield


@pytest.mark.usefixtures("_a_function")
@pytest.mark.parametrize("name", TOLD)
def test_nothing_that_a_function_has_opens_what_only_the_broker_may_call(name: str) -> None:
    for token in (
        INTERNAL,
        PUBLISH,
        settings().broker_token_hashes,
        settings().broker_token.get_secret_value(),
        "",
    ):
        assert call(name, path="/", token=token).code == "TOKEN_INVALID", token


@pytest.mark.usefixtures("_a_function")
@pytest.mark.parametrize("name", ASKED)
def test_functions_ask_each_other_and_so_may_the_broker(city: City, name: str) -> None:
    assert [call(name, token=token, tenant=city.tenant.slug).status for token in (PUBLISH, "")] == [401, 401]
    assert not {call(name, token=token, tenant=city.tenant.slug).status for token in (INTERNAL, BROKER)} & {
        401,
        403,
    }


@pytest.mark.usefixtures("_a_function")
def test_the_broker_brings_events_with_a_token_that_the_function_does_not_know(city: City) -> None:
    gone = said(city, "user.deleted", {"userId": str(uuid4())})
    assert deliver("erase-core-data", gone, token=BROKER).status == 204
    assert deliver("erase-core-data", gone, token=INTERNAL).status == 401


def test_both_tokens_of_a_rotation_are_believed_and_the_first_is_shown() -> None:
    old, new = "o" * 40, "n" * 40
    with entered({"BROKER_TOKEN": f"{old},{new}"}):
        shown, hashes = (
            service_tokens.delivering(),
            service_tokens.hashed(settings().broker_token.get_secret_value()),
        )
    with entered({"BROKER_TOKEN_HASHES": hashes}):
        assert (
            shown,
            service_tokens.is_broker(old),
            service_tokens.is_broker(new),
            service_tokens.is_broker("x" * 40),
        ) == (
            old,
            True,
            True,
            False,
        )
        assert service_tokens.is_broker(f"{new},{old}")  # from a proxy that knows the whole setting only


@story
async def test_a_broker_takes_events_with_the_one_token_and_operators_with_the_other(
    broker_settings: BrokerSettings,
) -> None:
    divided = broker_settings.model_copy(
        update={"publish_token": BrokerSettings(publish_token=PUBLISH).publish_token}
    )
    async with stage(divided, [Trigger("write-audit-entry", "*")]) as s:
        found = {}
        for token in (PUBLISH, INTERNAL, TOKEN):
            shown = {"Authorization": f"Bearer {token}"}
            status, _ = await s.post(b"{}", binary("1", type=APPROVED) | shown)
            async with s.client.get(f"{s.url}/dead", headers=shown) as answer:
                found[token] = (status, answer.status)
        assert found == {PUBLISH: (202, 401), INTERNAL: (401, 401), TOKEN: (401, 200)}
