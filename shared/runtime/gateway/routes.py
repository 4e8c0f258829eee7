"""From method and path to function; a part that is written out wins over a placeholder."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from shared.errors import MethodNotAllowed, NoSuchRoute
from shared.kit.record import Record

HOLE = "{}"


@dataclass(slots=True)
class Node:
    """Where one part of a path has led."""

    parts: dict[str, "Node"] = field(default_factory=dict)
    methods: dict[str, str] = field(default_factory=dict)
    is_written_out: bool = False  # no part of the path to here is a placeholder


class Routes:
    """The addresses as a tree, part by part."""

    def __init__(self, records: Iterable[Record]) -> None:
        self.root = Node()
        for record in records:
            if record.kind == "http" and record.path:
                for path in record.addresses:
                    self.add(path, record)

    def add(self, path: str, record: Record) -> None:
        """One address of a function."""
        node = self.root
        for part in path.strip("/").split("/"):
            node = node.parts.setdefault(HOLE if part.startswith("{") else part, Node())
        node.is_written_out = "{" not in path
        node.methods[record.method] = record.name
        if record.method == "GET":
            node.methods.setdefault("HEAD", record.name)

    def find(self, method: str, path: str) -> str:
        """The function's name; NoSuchRoute or MethodNotAllowed. A slash at the end is forgiven."""
        nodes = self.at(path)
        for node in nodes:
            if method in node.methods:
                return node.methods[method]
        if allowed := methods(nodes):
            raise MethodNotAllowed(method, allowed)
        raise NoSuchRoute

    def allowed(self, path: str) -> set[str]:
        """The methods that this address answers."""
        return methods(self.at(path))

    def at(self, path: str) -> list[Node]:
        """Where a path leads, the most exact first. A path that is written out as a whole is nobody's id."""
        nodes = list(fitting(self.root, path.removeprefix("/").removesuffix("/").split("/")))
        return nodes[:1] if nodes and nodes[0].is_written_out else nodes


def methods(nodes: Iterable[Node]) -> set[str]:
    """What is answered at any of these places."""
    return {method for node in nodes for method in node.methods}


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
