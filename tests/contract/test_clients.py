"""Clients that others' generators make of openapi.json with their defaults compile, and so does a program
that uses them.

Each fetches its generator from its registry, by the version that stands here; where there is no node, or no
network, there is nothing to prove.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DESCRIPTION = Path(__file__).parents[2] / "docs/reference/openapi.json"
NODE = ("openapi-typescript@7.13.0", "typescript@5.9.3")
PYTHON = ("openapi-python-client==0.29.1", "typer==0.27.3", "ruamel.yaml==0.19.1")  # the rest is here already
IN_TYPESCRIPT = """
import type { components, operations } from "./api";
type Schemas = components["schemas"];

const login: Schemas["Credentials"] = { email: "a@example.org", password: "correct horse" };
const listing: Schemas["ListingIn"] = { categoryId: "0192f0c1-2d3e-7abc-8def-0123456789ab", title: "Lesung" };
const query: operations["list-listings"]["parameters"]["query"] = { limit: 20 };
type Answers = operations["list-listings"]["responses"];
const page = (answer: Answers[200]["content"]["application/json"]): string[] =>
  answer.items.map((each) => `${each.title} ${each.publishedAt ?? ""}`);
const unchanged: Answers[304]["headers"]["ETag"] = '"7.4b"';
const version: operations["update-category"]["parameters"]["header"] = { "If-Match": '"7"' };
export { listing, login, page, query, unchanged, version };
"""
IN_PYTHON = """
from uuid import uuid4

from heidi_client import AuthenticatedClient
from heidi_client.api.core import create_listing, list_listings
from heidi_client.models import ListingIn, ListingOut, ListingOutPage

client = AuthenticatedClient(base_url="https://heidi.example", token="t")
listing = ListingIn(category_id=uuid4(), title="Lesung")


def titles() -> list[str]:
    page = list_listings.sync(client=client, limit=20, x_tenant_id="heidelberg")
    return [each.title for each in page.items] if isinstance(page, ListingOutPage) else []


def make() -> ListingOut | None:
    made = create_listing.sync(client=client, body=listing, idempotency_key="once")
    return made if isinstance(made, ListingOut) else None
"""


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """What a program says; the test fails with it where the program does."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout + done.stderr


def fetched(*command: str | Path, cwd: Path) -> None:
    """Fetch a generator; skip where nobody can."""
    if not shutil.which(command[0]):
        pytest.skip(f"there is no {command[0]}")
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=240, check=False)
    if done.returncode:
        pytest.skip(f"{command[0]} cannot fetch it: {done.stderr[-500:]}")


def test_what_openapi_typescript_makes_compiles_strictly(tmp_path: Path) -> None:
    fetched("npm", "install", "--no-audit", "--no-fund", "--prefix", str(tmp_path), *NODE, cwd=tmp_path)
    programs = tmp_path / "node_modules/.bin"
    run(programs / "openapi-typescript", DESCRIPTION, "-o", "api.d.ts", cwd=tmp_path)
    (tmp_path / "program.ts").write_text(IN_TYPESCRIPT)
    run(programs / "tsc", "--strict", "--noEmit", "--skipLibCheck", "false", "program.ts", cwd=tmp_path)


def test_what_openapi_python_client_makes_is_well_typed(tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    fetched(
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--target",
        str(tools),
        *PYTHON,
        cwd=tmp_path,
    )
    said = run(
        sys.executable,
        "-P",
        "-c",
        "from openapi_python_client.cli import app; app()",
        "generate",
        "--path",
        str(DESCRIPTION),
        "--output-path",
        "client",
        "--meta",
        "none",
        cwd=tmp_path,
        PYTHONPATH=str(tools),
    )
    left_out = [line for line in said.splitlines() if line.startswith("Cannot")]
    assert [line for line in left_out if "*/*" not in line] == []  # bytes of any kind are no model
    (tmp_path / "client").rename(tmp_path / "heidi_client")
    (tmp_path / "program.py").write_text(IN_PYTHON)
    run(
        sys.executable,
        "-m",
        "mypy",
        "--follow-imports=silent",
        "--cache-dir",
        str(tmp_path / "cache"),
        "program.py",
        cwd=tmp_path,
        PYTHONPATH=str(tools),
    )
