"""What all processes of one server have counted, as one."""

from typing import Any

from shared.runtime.gateway.functions import Functions
from shared.runtime.gateway.peers import Peers
from shared.telemetry.metrics import Family, added, exposition, own_numbers


class Counted:
    """Numbers for Prometheus and for OpenFaaS's API."""

    def __init__(self, functions: Functions) -> None:
        self.functions = functions
        self.peers: Peers | None = None

    def own(self, _: Any = None) -> dict[str, Any]:
        """Of this process."""
        calls = {
            name: each.invocations for name, each in list(self.functions.deployed.items()) if each.invocations
        }
        return {"families": own_numbers(), "calls": calls}

    def everybodys(self) -> tuple[list[Any], list[Any]]:
        """Of those who live and of those who have ended."""
        return self.peers.everybodys(self.own()) if self.peers else ([self.own()], [])

    def numbers(self) -> bytes:
        """The text of /metrics. Of who has ended counts what only grows: their memory is free."""
        living, ended = self.everybodys()
        left = [[family for family in map(of, each["families"]) if family.kind != "gauge"] for each in ended]
        return exposition(added([*([of(family) for family in each["families"]] for each in living), *left]))

    def calls(self) -> dict[str, int]:
        """How often each function was called."""
        living, ended = self.everybodys()
        found: dict[str, int] = {}
        for each in (*living, *ended):
            for name, count in each["calls"].items():
                found[name] = found.get(name, 0) + count
        return found


def of(said: Any) -> Family:
    """A family that may come as JSON."""
    return Family(*said)
