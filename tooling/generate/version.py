"""knative/version/kustomization.yaml: which version is deployed, said once for all overlays."""

from collections.abc import Mapping

from shared.kit.record import Record
from tooling.generate.common import REPOSITORY, VERSION
from tooling.generate.yamlfile import as_yaml

COMMENT = """The version of pyproject.toml. The Job's name carries it, because a Job cannot be changed: each version
has its own."""
MIGRATION = f"migrate-{VERSION.replace('.', '-').replace('+', '-')}"


def render(_: Mapping[str, Record]) -> str:
    """A component of every overlay."""
    rename = f"- op: replace\n  path: /metadata/name\n  value: {MIGRATION}\n"
    return as_yaml(
        {
            "apiVersion": "kustomize.config.k8s.io/v1alpha1",
            "kind": "Component",
            "images": [{"name": REPOSITORY, "newTag": VERSION}],
            "patches": [
                {
                    "target": {"kind": "Job", "name": "migrate"},
                    "patch": rename,
                    "options": {"allowNameChange": True},
                }
            ],
        },
        comment=COMMENT,
    )
