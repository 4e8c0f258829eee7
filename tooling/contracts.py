"""Import rules that import-linter has no words for (pyproject.toml names them)."""

from itertools import permutations

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class ModulesContract(Contract):
    """The folders of one package do not import each other, by whatever detour; its own files may import them.

    A package that is not there yet keeps the rule.
    """

    package = fields.StringField()

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002, FBT001 (its interface)
        """Every shortest way from one module to another."""
        package = str(self.package)
        folders = [each for each in children(graph, package) if graph.find_children(each)]
        ways = [
            way
            for one, other in permutations(folders, 2)
            if (way := graph.find_shortest_chain(importer=one, imported=other, as_packages=True))
        ]
        return ContractCheck(kept=not ways, metadata={"ways": ways})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """One way a line."""
        for way in check.metadata["ways"]:
            output.print_error(" -> ".join(way))


def children(graph: ImportGraph, package: str) -> list[str]:
    """What is directly in a package, in alphabetical order."""
    return sorted(graph.find_children(package)) if package in graph.modules else []
