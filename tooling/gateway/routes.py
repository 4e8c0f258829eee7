"""From method and path to function; a part that is written out wins over a placeholder."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from shared.errors import MethodNotAllowed, NoSuchRoute
from shared.record import Record
from tooling.generate.common import addressed

HOLE = "{}"


@dataclass(slots=True)
class Node:
    """Where one part of a path has led."""

    parts: dict[str, "Node"] = field(default_factory=dict)
    methods: dict[str, str] = field(default_factory=dict)


class NotAllowed(MethodNotAllowed):
    """As MethodNotAllowed, with the header that RFC 9110 §15.5.6 asks for."""

    def __init__(self, method: str, allowed: Iterable[str]) -> None:
        super().__init__(method=method)
        self.allowed = sorted(allowed)

    def response_headers(self) -> dict[str, str]:
        """What this address does answer."""
        return {"Allow": ", ".join(self.allowed)}


NotAllowed.code = MethodNotAllowed.code  # and so translated like it


class Routes:
    """The addresses as a tree, part by part."""

    def __init__(self, records: Iterable[Record]) -> None:
        self.root = Node()
        for record in addressed(records):
            node = self.root
            for part in record.path.strip("/").split("/"):
                node = node.parts.setdefault(HOLE if part.startswith("{") else part, Node())
            node.methods[record.method] = record.name
            if record.method == "GET":
                node.methods.setdefault("HEAD", record.name)

    def find(self, method: str, path: str) -> str:
        """The function's name; NoSuchRoute or NotAllowed. A slash at the end is forgiven."""
        allowed: set[str] = set()
        for node in fitting(self.root, path.removeprefix("/").removesuffix("/").split("/")):
            if method in node.methods:
                return node.methods[method]
            allowed |= node.methods.keys()
        if allowed:
            raise NotAllowed(method, allowed | {"OPTIONS"})
        raise NoSuchRoute

    def allowed(self, path: str) -> set[str]:
        """The methods that this address answers."""
        parts = path.removeprefix("/").removesuffix("/").split("/")
        return {method for node in fitting(self.root, parts) for method in node.methods}


def fitting(node: Node, parts: list[str]) -> Iterator[Node]:
    """The places where a path may end, the most exact first."""
    if not parts:
        if node.methods:
            yield node
        return
    head, rest = parts[0], parts[1:]
    if found := node.parts.get(head):
        yield from fitting(found, rest)
    if head and (hole := node.parts.get(HOLE)):
        yield from fitting(hole, rest)
