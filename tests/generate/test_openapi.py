"""openapi.json and asyncapi.json."""

import json
from typing import Any

import pytest
from openapi_spec_validator import validate

from shared.errors import NotFound
from shared.kit.record import PLACEHOLDER
from tooling.generate import asyncapi, openapi
from tooling.generate.problems import phrase, refusals
from tooling.generate.schemas import short
from tooling.registry import records

Document = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> Document:
    return json.loads(openapi.render(records()))


@pytest.fixture(scope="module")
def events() -> Document:
    return json.loads(asyncapi.render(records()))


def operations(document: Document) -> dict[str, Document]:
    return {each["operationId"]: each for path in document["paths"].values() for each in path.values()}


def same(address: str) -> str:
    return PLACEHOLDER.sub("{}", address)


def references(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*map(references, node.values()))
    return set().union(*map(references, node)) if isinstance(node, list) else set()


def follow(document: Document, reference: str) -> Any:
    node: Any = document
    for part in reference.removeprefix("#/").split("/"):
        node = node[part.replace("~1", "/").replace("~0", "~")]
    return node


def test_it_is_valid_openapi(document: Document) -> None:
    validate(document)
    assert document["openapi"] == "3.1.0"


def test_it_says_the_same_twice() -> None:
    assert openapi.render(records()) == openapi.render(records())


def test_every_reference_leads_somewhere_and_every_schema_is_used(
    document: Document, events: Document
) -> None:
    for whole in (document, events):
        used = references(whole)
        assert all(follow(whole, reference) for reference in used)
        for kind in ("schemas", "responses"):
            assert {f"#/components/{kind}/{name}" for name in whole["components"].get(kind, ())} <= used


def test_each_function_has_its_method_path_and_success(document: Document) -> None:
    for record in records().values():
        if record.kind != "http" or record.access.internal:
            assert record.name not in operations(document)
            continue
        said = next(
            path[record.method.lower()]
            for address, path in document["paths"].items()
            if same(address) == same(record.public_path) and record.method.lower() in path
        )
        assert said["operationId"] == record.name
        assert said["summary"] == record.summary
        assert {"204", str(record.status)} & said["responses"].keys()


def test_parameters_are_in_camel_case_and_those_of_the_path_are_required(document: Document) -> None:
    for record in records().values():
        said = operations(document).get(record.name)
        if said:
            own = [each for each in said["parameters"] if "$ref" not in each]
            assert all("_" not in each["name"] for each in own)
            in_path = {each["name"] for each in own if each["in"] == "path" and each["required"]}
            address = next(address for address, path in document["paths"].items() if said in path.values())
            assert in_path == set(PLACEHOLDER.findall(address))
            assert len(in_path) == len(PLACEHOLDER.findall(record.path))


def test_an_address_is_there_once_whatever_functions_call_its_placeholders(document: Document) -> None:
    addresses = [same(address) for address in document["paths"]]
    assert len(set(addresses)) == len(addresses)


def test_declared_problems_are_there_with_their_status_and_an_example(document: Document) -> None:
    for record in records().values():
        said = operations(document).get(record.name)
        for problem in record.raises if said else ():
            reference = said["responses"][str(problem.status)]["$ref"]  # type: ignore[index]  # JSON
            answer = follow(document, reference)["content"]["application/json"]
            assert answer["schema"] == {"$ref": "#/components/schemas/Error"}
            assert problem is NotFound or problem.code in answer["examples"], (record.name, problem)


def test_an_answer_is_called_by_what_it_may_say(document: Document) -> None:
    for name, answer in document["components"]["responses"].items():
        status, *codes = name.split(".")
        assert phrase(int(status)) in answer["description"]
        assert codes == list(answer.get("content", {}).get("application/json", {}).get("examples", []))


def test_what_needs_a_token_says_so(document: Document) -> None:
    said = operations(document)
    assert said["approve-listing"]["security"] == [{"bearer": []}]
    assert said["approve-listing"]["x-permission"] == "listings:approve"
    assert {"401", "403", "404", "409", "429"} <= said["approve-listing"]["responses"].keys()
    assert said["list-listings"]["security"] == [{}, {"bearer": []}]
    assert "#/components/parameters/IdempotencyKey" in references(said["create-listing"])
    assert "#/components/parameters/IdempotencyKey" not in references(said["list-listings"])


def test_what_an_address_names_has_its_own_code() -> None:
    assert "LISTING_NOT_FOUND" in {refusal.code for refusal in refusals(records()["approve-listing"])}


def test_examples_of_errors_have_the_body_that_we_answer_with(document: Document) -> None:
    for code, example in document["components"]["examples"].items():
        error = example["value"]["error"]
        assert error.keys() == {"code", "message", "details", "timestamp", "correlationId", "path"}
        assert error["code"] == code


def test_the_sentences_of_examples_have_no_gap(document: Document) -> None:
    said = {
        code: example["value"]["error"]["message"]
        for code, example in document["components"]["examples"].items()
    }
    assert {code: message for code, message in said.items() if "–" in message} == {}


def test_no_schema_bears_the_name_of_a_python_module(document: Document) -> None:
    assert not [
        name for name in document["components"]["schemas"] if "__" in name or name.startswith("functions")
    ]


@pytest.mark.parametrize(
    ("long", "name"),
    [
        ("ListingOut", "ListingOut"),
        ("Page_ListingOut_", "ListingOutPage"),
        ("functions__city__city__Contact", "CityContact"),
        ("Page_functions__city__city__City_", "CityCityPage"),
        ("shared__tenants__Tenant", "Tenant"),
        ("Thing-Input", "ThingInput"),
    ],
)
def test_names_are_short(long: str, name: str) -> None:
    assert short(long) == name


def test_every_event_that_is_said_has_a_channel_with_its_payload(events: Document) -> None:
    assert events["asyncapi"] == "3.0.0"
    said = {event.type(): event for record in records().values() for event in record.emits}
    assert {channel["address"] for channel in events["channels"].values()} == set(said)
    for event in said.values():
        payload = events["components"]["messages"][event.__name__]["payload"]
        fields = follow(events, payload["$ref"]) if "$ref" in payload else payload
        assert fields["properties"].keys() == {field.alias for field in event.model_fields.values()}


def test_every_function_that_hears_or_says_an_event_is_an_operation(events: Document) -> None:
    for record in records().values():
        for event in record.emits:
            operation = events["operations"][f"{record.name}.says.{event.topic}"]
            assert (operation["action"], follow(events, operation["channel"]["$ref"])["address"]) == (
                "send",
                event.type(),
            )
        for type_ in record.types:
            if type_ != "*":
                assert (
                    events["operations"][f"{record.name}.hears.{type_.removeprefix('app.heidi.')}"]["action"]
                    == "receive"
                )
