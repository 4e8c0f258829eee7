"""What kustomize makes of knative/: every overlay, alone and with each component that may be added to it."""

import shutil
import subprocess
import tempfile
from functools import lru_cache
from itertools import chain, combinations
from pathlib import Path

import yaml

from tests.deploy.judge import Document, documents
from tests.programs import program
from tooling.registry import ROOT

KNATIVE = ROOT / "knative"
OVERLAYS = sorted(path.parent.name for path in KNATIVE.glob("overlays/*/kustomization.yaml"))
INFRA = {"dev": "heidi-infra-dev", "staging": "heidi-infra-staging", "prod": "heidi-infra"}


def folders() -> list[Path]:
    """Everything in knative/ and deploy/ that stands for itself and is no overlay of knative/."""
    found = sorted(
        path for folder in ("knative", "deploy") for path in (ROOT / folder).rglob("kustomization.yaml")
    )
    return [
        path.parent
        for path in found
        if yaml.safe_load(path.read_text("utf-8"))["kind"] == "Kustomization"
        and path.parent.parent != KNATIVE / "overlays"
    ]


def additions() -> list[str]:
    """Components that an overlay does not have by itself: of the routes at most one at a time, of the others
    any. Whole services have tests of their own (test_grouped.py).
    """
    found = sorted(
        path.parent
        for pattern in ("components/*", "routes/*")
        for path in KNATIVE.glob(f"{pattern}/kustomization.yaml")
        if yaml.safe_load(path.read_text("utf-8"))["kind"] == "Component" and path.parent.name != "grouped"
    )
    return [path.relative_to(KNATIVE).as_posix() for path in found]


def sets() -> list[tuple[str, ...]]:
    """All combinations that make sense."""
    routes = [(), *((path,) for path in additions() if path.startswith("routes/"))]
    others = [path for path in additions() if not path.startswith("routes/")]
    subsets = chain.from_iterable(combinations(others, n) for n in range(len(others) + 1))
    return [(*subset, *route) for subset in subsets for route in routes]


@lru_cache(None)
def built(overlay: str, added: tuple[str, ...] = ()) -> tuple[Document, ...]:
    """An overlay as `kubectl kustomize` prints it; with components, as if it named them."""
    if not added:
        return kustomize(KNATIVE / "overlays" / overlay)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(KNATIVE, Path(folder) / "knative")
        path = Path(folder) / "knative" / "overlays" / overlay / "kustomization.yaml"
        found = yaml.safe_load(path.read_text("utf-8"))
        present = found.get("components", [])
        found["components"] = [
            *present,
            *(f"../../{each}" for each in added if f"../../{each}" not in present),
        ]
        path.write_text(yaml.safe_dump(found), "utf-8")
        return kustomize(path.parent)


def kustomize(folder: Path) -> tuple[Document, ...]:
    """The documents; kustomize's own complaint where it has one."""
    done = subprocess.run(
        [program("kubectl"), "kustomize", folder], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr  # warnings: what will be refused one day
    return tuple(documents(done.stdout))
