"""Every manifest of ours is what its kind's schema allows, and the schemas refuse what is not."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.judge import SCHEMAS, Document, documents, problems, schema_of
from tooling.registry import ROOT

SAMPLES = {
    f"{sample['apiVersion']}/{sample['kind']}": sample
    for sample in documents((Path(__file__).parent / "samples.yaml").read_text("utf-8"))
}
FREE = {"definition", "http01"}  # hold whatever another program understands


def manifests() -> Iterator[tuple[Path, Document]]:
    """Every document under knative/ and deploy/ that a cluster or kustomize would read; what only changes
    others is judged in them.
    """
    for folder in ("knative", "deploy"):
        files = {path: documents(path.read_text("utf-8")) for path in sorted((ROOT / folder).rglob("*.yaml"))}
        changes = {
            path.parent / patch["path"]
            for path, found in files.items()
            if path.name == "kustomization.yaml"
            for patch in found[0].get("patches", [])
            if "path" in patch
        }
        for path in files.keys() - changes:
            yield from (
                (path, each)
                for each in files[path]
                if isinstance(each, dict) and {"apiVersion", "kind"} <= each.keys()
            )


def mappings(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where mappings are that a schema closes."""
    if isinstance(node, dict):
        yield path
    for key, value in (
        node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    ):
        if key not in FREE:
            yield from mappings(value, (*path, key))


def changed(sample: Document, *path: Any, to: Any) -> Document:
    """The document with one value replaced."""
    document = node = copy.deepcopy(sample)
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = to
    return document


def test_every_manifest_is_what_its_kind_allows() -> None:
    found = list(manifests())
    assert len(found) > 200
    assert (
        sorted(f"{path.relative_to(ROOT)}: {line}" for path, document in found for line in problems(document))
        == []
    )


def test_every_schema_has_a_good_sample() -> None:
    ours = {path.relative_to(SCHEMAS).with_suffix("").as_posix() for path in SCHEMAS.rglob("*.json")}
    assert ours <= SAMPLES.keys()
    assert {name: problems(sample) for name, sample in SAMPLES.items() if problems(sample)} == {}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_field_that_does_not_exist_is_refused_wherever_it_stands(name: str) -> None:
    sample = SAMPLES[name]
    accepted = [
        path for path in mappings(sample) if not problems(changed(sample, *path, "misspelled", to=[[]]))
    ]
    assert accepted == []


def test_our_schemas_are_schemas() -> None:
    for path in SCHEMAS.rglob("*.json"):
        relative = path.relative_to(SCHEMAS).with_suffix("")
        validator = schema_of(relative.parent.as_posix(), relative.name)
        assert validator is not None
        validator.check_schema(validator.schema)


@pytest.mark.parametrize(
    ("kind", "path", "value", "says"),
    [
        (
            "Service",
            ("spec", "template", "metadata", "annotations", "autoscaling.knative.dev/min-scale"),
            1,
            "not of type 'string'",
        ),
        (
            "Service",
            ("spec", "template", "metadata", "annotations", "autoscaling.knative.dev/min-scale"),
            "one",
            "does not match",
        ),
        (
            "Service",
            ("spec", "template", "metadata", "annotations", "autoscaling.knative.dev/minscale"),
            "1",
            "does not match",
        ),
        (
            "Service",
            ("spec", "template", "metadata", "annotations", "autoscaling.knative.dev/scale-down-delay"),
            "5 minutes",
            "does not match",
        ),
        (
            "Service",
            ("spec", "template", "spec", "containers", 0, "ports"),
            [{"containerPort": 80}, {"containerPort": 81}],
            "too long",
        ),
        (
            "Service",
            ("spec", "template", "spec", "containers", 0, "image"),
            "Registry.example/Heidi:1",
            "does not match",
        ),
        ("Service", ("spec", "template", "spec", "timeoutSeconds"), 900, "greater than the maximum"),
        ("Service", ("spec", "template", "spec", "nodeSelector"), {"a": "b"}, "unexpected"),
        ("Trigger", ("spec", "filter", "attributes"), {"tenantId": "a"}, "does not match"),
        ("Trigger", ("spec", "filters"), [{"exact": {"type": "a"}}], "unexpected"),
        ("Trigger", ("spec", "delivery", "backoffDelay"), "1s", "does not match"),
        ("Trigger", ("spec", "delivery", "backoffDelay"), "P1D", "does not match"),
        ("Broker", ("spec", "delivery", "backoffPolicy"), "fibonacci", "not one of"),
        ("PingSource", ("spec", "schedule"), "* * * *", "does not match"),
        ("PingSource", ("spec", "schedule"), "0 0 * * * * *", "does not match"),
        ("ScheduledBackup", ("spec", "schedule"), "0 2 * * *", "does not match"),
        ("HTTPRoute", ("spec", "rules"), [{}] * 17, "too long"),
        ("HTTPRoute", ("spec", "rules", 0, "timeouts", "request"), "1.5s", "does not match"),
        ("Middleware", ("spec",), {"compress": {}, "retry": {"attempts": 3}}, "too many properties"),
        (
            "Job",
            ("spec", "template", "spec", "containers", 0, "securityContext"),
            {"runAsNonroot": True},
            "unexpected",
        ),
    ],
)
def test_what_the_admission_would_reject_is_refused(
    kind: str, path: tuple[Any, ...], value: Any, says: str
) -> None:
    sample = next(sample for sample in SAMPLES.values() if sample["kind"] == kind)
    assert says in "\n".join(problems(changed(sample, *path, to=value)))


def test_a_kind_that_nobody_knows_and_a_document_without_one_are_refused() -> None:
    assert problems({"apiVersion": "example.com/v1", "kind": "Wish", "metadata": {"name": "a"}}) == [
        "Wish a: there is no schema of example.com/v1 Wish in tests/deploy/schemas"
    ]
    assert problems({"metadata": {"name": "a"}}) == ["None a: no apiVersion or no kind"]


def test_a_time_is_text_as_it_is_to_kubernetes() -> None:
    assert documents("at: 2026-01-31T12:00:00Z") == [{"at": "2026-01-31T12:00:00Z"}]


def test_a_key_that_is_written_twice_is_refused() -> None:
    with pytest.raises(yaml.constructor.ConstructorError, match="written twice: a"):
        documents("a: 1\na: 2\n")
