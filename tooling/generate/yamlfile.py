"""YAML that reads well."""

from typing import Any

import yaml

from tooling.generate.common import GENERATED, Document


class Plain(yaml.SafeDumper):
    """Lists indented as people write them, long lines left alone, no anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 (PyYAML's signature)
        """The same list in two places is written twice."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 (PyYAML's)
        """Indent lists inside mappings."""
        super().increase_indent(flow, indentless=False)


def text(dumper: Plain, value: str) -> yaml.ScalarNode:
    """Several lines stay several lines."""
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


Plain.add_representer(str, text)


def as_yaml(*documents: Document | list[Document], comment: str = "") -> str:
    """One or more YAML documents under a comment that says where they come from."""
    head = "".join(f"# {line}\n" for line in (GENERATED, *comment.splitlines()))
    body = yaml.dump_all(
        documents,
        Dumper=Plain,
        sort_keys=False,
        width=4096,
        allow_unicode=True,
        explicit_start=len(documents) > 1,
    )
    return head + str(body)
