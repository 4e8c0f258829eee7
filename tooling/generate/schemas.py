"""JSON Schemas of everything that goes in and out, under names that read well."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import TypeAdapter

from shared.i18n import MODULES
from shared.kit.docstrings import shown

Mode = Literal["validation", "serialization"]
Schema = dict[str, Any]
REF = "#/components/schemas/"
# what is clear beside its module, and is not in one document with everything else
CLEARER = {
    "Again": "VerificationAgain",
    "ChatbotState": "DocumentState",
    "CoreState": "MediaState",
    "Decision": "ConsentDecision",
    "Forgotten": "PasswordForgotten",
    "Kind": "LegalTextKind",
    "Lock": "AccountLock",
    "Proof": "AddressProof",
    "Replay": "DeadLetterReplay",
    "Reset": "PasswordReset",
    "StateInput": "PersonStateIn",
    "Status": "ListingStatus",
    "Stored": "StoredUse",
    "Use": "QuotaUse",
    "UsersState": "PersonState",
}
# their keys are names, not keywords
NAMED = {"properties", "$defs", "patternProperties", "dependentSchemas", "schemas"}


class Schemas:
    """The schemas of many types at once, with what they share kept in one place."""

    def __init__(self, types: Mapping[str, tuple[Any, Mode]]) -> None:
        """`types` says for each key which type is meant, and whether it comes in (validation) or goes out
        (serialization).
        """
        inputs: Iterable[Any] = [(key, mode, TypeAdapter(type_)) for key, (type_, mode) in types.items()]
        found, shared = TypeAdapter.json_schemas(inputs, by_alias=True, ref_template=REF + "{model}")
        definitions = shared.get("$defs", {})
        self.names = readable(definitions)
        self.components = {
            self.names[name]: self.tidy(schema) for name, schema in sorted(definitions.items())
        }
        self.by_key = {key: self.tidy(schema) for (key, _mode), schema in found.items()}

    def __getitem__(self, key: str) -> Schema:
        """The schema of one type."""
        found: Schema = self.by_key[key]
        return found

    def tidy(self, node: Any, *, names: bool = False) -> Any:
        """Without the titles that only repeat a name, and with readable references."""
        if isinstance(node, list):
            return [self.tidy(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node and not names:
            node = node | {"$ref": REF + self.names[node["$ref"].removeprefix(REF)]}
        # pydantic refuses keys of another pattern, and does not say so
        if "patternProperties" in node and not names:
            node = node | {"additionalProperties": False}
        # NotNull: what stands there when it is left out is nothing that anybody could send
        if "default" in node and node["default"] is None and not names and not takes_null(node):
            node = {key: value for key, value in node.items() if key != "default"}
        return {
            key: shown(value)
            if key == "description" and isinstance(value, str)
            else self.tidy(value, names=key in NAMED and not names)
            for key, value in node.items()
            if names or key != "title"
        }


def takes_null(node: Schema) -> bool:
    """Whether null is a value of this schema, as far as pydantic writes it."""
    return {"type": "null"} in node.get("anyOf", ()) or ("type" not in node and "$ref" not in node)


def readable(definitions: Iterable[str]) -> dict[str, str]:
    """`functions__city__city__Contact` is CityContact where the service makes it unique, a module's is named
    by the module; `Page_ListingOut_` is ListingOutPage.
    """
    wanted = {name: short(name) for name in definitions}
    taken = list(wanted.values())
    return {
        name: new if taken.count(new) == 1 else re.sub(r"\W|__", "_", name) for name, new in wanted.items()
    }


def short(name: str) -> str:
    """The name that we would like to have."""
    generic = re.fullmatch(r"(\w+?)_(\w+)_", name)
    if generic:
        return short(generic[2]) + generic[1].rpartition("__")[2]
    parts = name.split("__")
    mode = next((end for end in ("-Input", "-Output") if name.endswith(end)), "")
    room = parts[2 if parts[1:2] == [MODULES] else 1] if parts[0] == "functions" else ""
    owner = "".join(word.title() for word in room.split("_"))
    found = (owner + parts[-1]).removesuffix(mode) + mode.removeprefix("-")
    return CLEARER.get(found, found)
