"""The way from a name to a tenant, as it is in the stack: through the function `resolve-city`."""
import pytest

from shared import tenants
from tests.support import call


@pytest.fixture(autouse=True)
def the_registry_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(name: str) -> bytes:
        answer = call("resolve-city", query=f"host={name}")
        assert answer.status in (200, 404), answer.body
        return answer.raw if answer.status == 200 else b""

    monkeypatch.setattr(tenants, "ask_city_service", ask)
