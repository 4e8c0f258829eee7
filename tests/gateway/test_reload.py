"""A laptop's gateway takes changed code by itself, and refuses nobody meanwhile."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from shared.kit.settings import settings
from tests.gateway import support
from tests.gateway.support import PASSWORD, answers, eventually
from tests.gateway.test_workers import Crowd
from tooling.stack import taken
from tooling.stack.home import ROOT
from tooling.stack.ports import free_port

COPIED = ("broker", "events", "functions", "shared", "tooling")
TILES = "functions/core/tiles/list_tiles.py"
HELLO = '''"""Say hello."""

from shared.function import Context, http


@http.get("/api/hello", public=True, tenantless=True)
def say_hello(ctx: Context) -> None:
    del ctx
'''
GROWTH = """
import pathlib, sys
for path in pathlib.Path("functions/core/migrations/versions").glob("0999_*.py"):
    if "True" in path.read_text():
        sys.exit(f"{path}: there is no such table")
"""


@dataclass
class Local:
    """A gateway with a checkout of its own."""

    root: Path
    url: str

    @property
    def home(self) -> Path:
        """Where it keeps its things."""
        return self.root / ".heidi"

    def status(self, path: str) -> int:
        """Of an answer, on a connection of its own."""
        return httpx.get(self.url + path, timeout=30).status_code

    def write(self, path: str, text: str) -> None:
        """As an editor does: all at once."""
        draft = (self.root / path).with_suffix(".tmp")
        draft.write_text(text)
        draft.replace(self.root / path)

    def flaw(self) -> str:
        """Why it has not taken what was written."""
        return taken.read(self.home / "gateway")[1]


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    root = tmp_path_factory.mktemp("checkout")
    for name in COPIED:
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", root)
    port = free_port()
    own = {
        "PYTHONPATH": str(root),
        "PATH": "/usr/bin:/bin",
        "ENVIRONMENT": "local",
        "LOG_LEVEL": "INFO",
        "GATEWAY_PORT": str(port),
        "GATEWAY_PASSWORD": PASSWORD,
        "HEIDI_HOME": str(root / ".heidi"),
        "GATEWAY_URL": f"http://127.0.0.1:{port}",
        "BASE_DOMAIN": "localhost",
        "POSTGRES_HOST": settings().postgres_host,
        "POSTGRES_PORT": str(settings().postgres_port),
        "REDIS_URL": settings().redis_url,
    }
    (root / ".heidi").mkdir()
    with (
        pytest.MonkeyPatch.context() as patched,
        (root / "gateway.log").open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-P", "-m", "tooling.gateway"], cwd=root, env=own, stdout=log, stderr=log
        ) as gateway,
    ):
        patched.setattr(support, "PATIENCE", 300.0)
        made = Local(root, f"http://127.0.0.1:{port}")
        try:
            answers(made.url + "/healthz", gateway)
            yield made
            gateway.send_signal(signal.SIGTERM)
            assert gateway.wait(120) == 0
        finally:
            gateway.kill()


def test_a_new_function_answers_by_itself_and_nobody_is_refused_meanwhile(local: Local) -> None:
    assert local.status("/api/hello") == 404
    with Crowd.asking(local.url + "/healthz") as crowd:
        local.write("functions/core/tiles/say_hello.py", HELLO)
        eventually(lambda: local.status("/api/hello") == 204)
        local.write("functions/core/tiles/say_hello.py", HELLO.replace("/api/hello", "/api/hallo"))
        eventually(lambda: local.status("/api/hallo") == 204)
    assert set(crowd.answers) == {200}
    assert "core.tiles.say_hello" in (local.home / "functions.json").read_text()
    lines = [json.loads(line) for line in (local.root / "gateway.log").read_text().splitlines()]
    taken_in = [line["context"]["files"] for line in lines if line["message"] == "changed code was taken"]
    assert taken_in == [["functions/core/tiles/say_hello.py"]] * 2


def test_new_migrations_run_before_the_code_and_one_that_fails_lets_the_old_code_go_on(local: Local) -> None:
    local.write("tooling/stack/growth.py", GROWTH)
    wrong = "functions/core/migrations/versions/0999_wrong.py"
    local.write(wrong, "wrong = True\n")
    local.write("functions/core/tiles/say_hello.py", HELLO.replace("/api/hello", "/api/grown"))
    eventually(lambda: local.flaw() == f"{wrong}: there is no such table")
    assert local.status("/api/grown") == 404
    local.write(wrong, "wrong = False\n")
    eventually(lambda: local.status("/api/grown") == 204)
    assert not local.flaw()


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("def say_hallo(:\n", "functions/core/tiles/list_tiles.py: invalid syntax"),
        ("from nowhere import everything\n", "ModuleNotFoundError: No module named 'nowhere'"),
    ],
)
def test_what_cannot_be_loaded_changes_nothing_and_is_shown(local: Local, wrong: str, why: str) -> None:
    before = (ROOT / TILES).read_text()
    known = json.loads((local.home / "functions.json").read_text())
    with Crowd.asking(local.url + "/function/list-tiles") as crowd:
        local.write(TILES, before + wrong)
        eventually(lambda: why in local.flaw())
        so_far = len(crowd.answers)
        eventually(lambda: len(crowd.answers) > so_far + 5)
    assert len(set(crowd.answers)) == 1  # a city was not named, as before
    assert json.loads((local.home / "functions.json").read_text())["files"].keys() == known["files"].keys()
    local.write(TILES, before)
    eventually(lambda: not local.flaw())
