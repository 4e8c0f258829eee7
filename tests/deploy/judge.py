"""What is wrong with a manifest: Kubernetes' own kinds by kubernetes-validate, the operators' by the schemas
in schemas/.

problems({"apiVersion": "v1", "kind": "ConfigMap", …})     # [] or one line each
"""

import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import kubernetes_validate
import yaml
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.exceptions import relevance
from referencing import Registry, Resource

Document = dict[str, Any]
KUBERNETES = "1.34"  # not the newest: what it knows, newer ones know too
# <apiVersion>/<kind>.json; closed: a field that is not named is refused
SCHEMAS = Path(__file__).parent / "schemas"
BUNDLE = "kubernetes-json-schema/v1.34.0-local-strict/"


def problems(document: Document) -> list[str]:
    """What the cluster would refuse or silently drop, one line each; a kind that nobody here knows is a
    problem too.
    """
    api, kind = document.get("apiVersion"), document.get("kind")
    name = f"{kind} {document.get('metadata', {}).get('name', '')}".strip()
    if not isinstance(api, str) or not isinstance(kind, str):
        return [f"{name}: no apiVersion or no kind"]
    schema = schema_of(api, kind)
    if schema is None:
        return [f"{name}: there is no schema of {api} {kind} in tests/deploy/schemas"]
    return [f"{name}: {line}" for error in schema.iter_errors(document) for line in told(error)]


def told(error: ValidationError) -> Iterator[str]:
    """Where and what, in the words of the alternative that comes closest."""
    while error.context:
        error = min(error.context, key=relevance)
    yield f"{error.json_path.removeprefix('$.')}: {error.message}"


@lru_cache(None)
def schema_of(api: str, kind: str) -> Draft202012Validator | None:
    """The validator of one kind: ours, else Kubernetes'."""
    path = SCHEMAS / api / f"{kind}.json"
    if path.is_file():
        return Draft202012Validator(json.loads(path.read_text("utf-8")), registry=registry())
    group, _, version = api.rpartition("/")
    try:
        found = bundled(f"{kind.lower()}-{group.partition('.')[0] + '-' if group else ''}{version}.json")
    except FileNotFoundError:
        return None
    return Draft202012Validator(found, registry=registry())


@lru_cache(1)
def registry() -> Registry[Any]:
    """What all schemas refer to: Kubernetes' definitions, strict."""
    definitions: Resource[Any] = Resource.from_contents(bundled("_definitions.json"))
    return definitions @ Registry()


def bundled(name: str) -> Document:
    """A schema that kubernetes-validate brings."""
    found: Document = kubernetes_validate.utils.schema_contents(BUNDLE + name, KUBERNETES)
    return found


def documents(text: str) -> list[Document]:
    """The documents of a YAML file; a key that is written twice is an error."""
    return [document for document in yaml.load_all(text, Loader=Careful) if document]


class Careful(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # ours where libyaml is
    """As a cluster's API reads: of two equal keys it does not take the last without a word, and a time is
    text.
    """

    yaml_implicit_resolvers: ClassVar = {
        first: [each for each in found if each[0] != "tag:yaml.org,2002:timestamp"]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT002 (PyYAML's)
        """A mapping whose keys differ."""
        keys = [key.value for key, _ in node.value]
        if doubled := {key for key in keys if keys.count(key) > 1}:
            raise yaml.constructor.ConstructorError(
                None, None, f"written twice: {', '.join(sorted(doubled))}", node.start_mark
            )
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found
