"""Questions that functions ask each other, where one process answers everything."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from shared.errors import Unavailable
from shared.kit.http import Response
from shared.kit.settings import settings
from shared.peers import internal_calls
from tests.gateway.support import Running
from tests.support import City

ASK = internal_calls.ask  # the real one, before the tests' own takes its place
ADDRESSES = [f"198.51.100.{number}" for number in range(1, 4)]


@pytest.fixture
def behind_a_proxy(small_gateway: Running, monkeypatch: pytest.MonkeyPatch) -> Running:
    """Callers have addresses of their own, and questions go out as they do in a process of its own."""
    monkeypatch.setattr("shared.peers.internal_calls.ask", ASK)
    monkeypatch.setattr(settings(), "gateway_url", f"http://127.0.0.1:{small_gateway.port}")
    monkeypatch.setattr(settings(), "trust_forwarded_for", True)
    return small_gateway


def test_a_crowd_that_names_cities_that_do_not_exist_waits_for_nobody_and_holds_nobody_up(
    behind_a_proxy: Running, city: City
) -> None:
    def guess(number: int) -> int:
        named = {"X-Tenant-ID": str(uuid4()), "X-Forwarded-For": ADDRESSES[number % 3]}
        return behind_a_proxy.get("/api/listings", headers=named).status_code

    reader = {"Authorization": f"Bearer {city.token('citizen')}"}
    with ThreadPoolExecutor(40) as crowd:
        guesses = list(crowd.map(guess, range(130)))
        assert behind_a_proxy.get("/api/listings", headers=reader).status_code == 200
    assert set(guesses) == {404}


def test_an_answer_that_is_none_is_as_if_the_other_function_were_away() -> None:
    ask = internal_calls.in_process(lambda _: Response(500))
    with pytest.raises(Unavailable):
        ask("/api/internal/usage", {}, 5)
