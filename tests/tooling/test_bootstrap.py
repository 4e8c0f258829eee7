"""`./heidi` before there is anything: finding a Python, making the environment, and every way in which that
fails.
"""

import base64
import fcntl
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tooling import bootstrap, install, packages, pythons
from tooling.bootstrap import CHECK, MARKER, RUN
from tooling.stack.home import ROOT


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with nothing but pip, made once."""
    venv = tmp_path_factory.mktemp("environment") / ".venv"
    install.environment(sys.executable, venv)
    return venv


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with locks of its own."""
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    (tmp_path / RUN).write_text("run\n")
    (tmp_path / CHECK).write_text("run\ncheck\n")
    return tmp_path


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Instead of pip: which locks were installed."""
    locks: list[str] = []

    def environment(_python: str, venv: Path) -> None:
        (venv / "bin").mkdir(parents=True)
        (venv / "pyvenv.cfg").touch()
        (venv / "bin" / "python").symlink_to(sys.executable)

    monkeypatch.setattr(install, "environment", environment)
    monkeypatch.setattr(install, "packages", lambda _venv, lock, _installer: locks.append(lock.name))
    return locks


def wheel(directory: Path, name: str = "tiny") -> Path:
    """A package of one line, made without any tool."""
    files = {
        f"{name}.py": "WORKS = True\n",
        f"{name}-1.0.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{name}-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    sums = {
        path: base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        for path, text in files.items()
    }
    record = (
        "".join(f"{path},sha256={sums[path]},{len(text)}\n" for path, text in files.items())
        + f"{name}-1.0.dist-info/RECORD,,\n"
    )
    path = directory / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in {**files, f"{name}-1.0.dist-info/RECORD": record}.items():
            archive.writestr(file, text)
    return path


def tiny_works(venv: Path) -> bool:
    """Whether the package of one line is there."""
    said = subprocess.run(
        [venv / "bin" / "python", "-c", "import tiny; print(tiny.WORKS)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return said.stdout == "True\n"


def lock(directory: Path, sha256: str, name: str = "tiny") -> Path:
    path = directory / RUN
    path.write_text(f"{name}==1.0 \\\n    --hash=sha256:{sha256}\n")
    return path


def offline(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    """Pip sees only what the test gives it."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    for name, value in {"PIP_CONFIG_FILE": "/dev/null", **variables}.items():
        monkeypatch.setenv(name, value)


def test_what_the_lock_names_is_installed_and_nothing_is_said_about_it(
    empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    package = wheel(tmp_path)
    offline(monkeypatch, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(tmp_path))
    install.packages(empty, lock(tmp_path, hashlib.sha256(package.read_bytes()).hexdigest()))
    assert tiny_works(empty)
    assert len(capfd.readouterr().err.splitlines()) == 2


def test_uv_takes_what_the_lock_names_from_where_pip_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    uv = shutil.which("uv", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])))
    if uv is None:
        pytest.skip("there is no uv here: ./heidi fetches one where it makes the environment itself")
    venv = tmp_path / ".venv"
    install.environment(sys.executable, venv)
    (venv / "bin" / "uv").symlink_to(uv)
    (sheltered := tmp_path / "wheels").mkdir()
    package = wheel(sheltered)
    offline(monkeypatch, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(sheltered))
    install.packages(
        venv, lock(tmp_path, hashlib.sha256(package.read_bytes()).hexdigest()), tmp_path / "none"
    )
    assert tiny_works(venv)
    wheel(sheltered, "other")
    with pytest.raises(install.Failed, match=r"not the one that requirements\.lock names"):
        install.packages(venv, lock(tmp_path, "0" * 64, "other"), tmp_path / "none")
    assert "pip" not in capfd.readouterr().err


@pytest.mark.parametrize("uv", ["exit 1", '[ "$1" = --version ] || { echo "no such platform" >&2; exit 2; }'])
def test_where_uv_does_not_run_pip_does_it_and_a_sentence_says_so(
    empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], uv: str
) -> None:
    package = wheel(tmp_path, "small")
    (empty / "bin" / "uv").write_text(f"#!/bin/sh\n{uv}\n")
    (empty / "bin" / "uv").chmod(0o755)
    offline(monkeypatch, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(tmp_path))
    (installer := tmp_path / "installer.lock").write_text("absent==1.0 --hash=sha256:" + "0" * 64)
    install.packages(
        empty, lock(tmp_path, hashlib.sha256(package.read_bytes()).hexdigest(), "small"), installer
    )
    assert "takes a minute" in capfd.readouterr().err
    subprocess.run([empty / "bin" / "python", "-c", "import small"], check=True)


def test_uv_is_told_what_pip_is_told() -> None:
    options, environment = packages.told(
        {
            "index-url": "https://one.example",
            "extra-index-url": "https://a.example https://b.example",
            "cert": "/ca.pem",
        }
    )
    assert options[2:] == [
        *("--default-index", "https://one.example"),
        *("--index", "https://a.example", "--index", "https://b.example"),
    ]
    assert environment["SSL_CERT_FILE"] == "/ca.pem"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (["--version"], "HEIDI "),
        ([], "Usage: ./heidi [OPTIONS] COMMAND"),
        (["--help"], "Usage: ./heidi [OPTIONS] COMMAND"),
        (["test", "--help"], "Usage: ./heidi test"),
        (["functions", "show", "-h"], "Usage: ./heidi functions show"),
        (["logs", "gateway", "--help"], "Usage: ./heidi logs"),
    ],
)
def test_help_and_version_install_nothing(tmp_path: Path, asked: list[str], told: str) -> None:
    result = subprocess.run(
        [sys.executable, str(ROOT / "heidi"), *asked],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "HEIDI_VENV": str(tmp_path / ".venv")},
    )
    assert told in result.stdout
    assert not (tmp_path / ".venv").exists()


def test_what_a_running_stack_works_with_is_not_replaced(
    root: Path, installed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    venv = root / ".venv"
    bootstrap.make(venv, RUN)
    for name in (RUN, CHECK):
        (root / name).write_text("newer\n")
    monkeypatch.setenv("HEIDI_VENV", str(venv))
    monkeypatch.setenv("HEIDI_HOME", str(root / "home"))
    monkeypatch.setattr(bootstrap, "become", lambda _venv, arguments: sys.exit(f"became {arguments[0]}"))
    (root / "home").mkdir()
    with (root / "home" / "lock").open("wb") as running:
        fcntl.flock(running, fcntl.LOCK_EX)
        with pytest.raises(SystemExit, match="stop it first"):
            bootstrap.main(["test"])
        with pytest.raises(SystemExit, match="became status"):
            bootstrap.main(["status"])
        assert installed == [RUN]
    with pytest.raises(SystemExit, match="became test"):
        bootstrap.main(["test"])
    assert installed == [RUN, CHECK]


def test_a_package_with_another_hash_is_not_installed(
    empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel(tmp_path, "other")
    offline(monkeypatch, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(tmp_path))
    with pytest.raises(install.Failed, match=r"not the one that requirements\.lock names"):
        install.packages(empty, lock(tmp_path, "0" * 64, "other"))


def test_without_a_network_one_sentence_says_so(
    empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offline(monkeypatch, PIP_INDEX_URL="http://127.0.0.1:9/simple", PIP_RETRIES="0")
    with pytest.raises(install.Failed, match="no connection to the package index"):
        install.packages(empty, lock(tmp_path, "0" * 64, "absent"))
    assert empty.with_name(".venv.log").exists()


def test_a_package_that_is_not_made_for_this_machine_is_named(
    empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offline(monkeypatch, PIP_NO_INDEX="1")
    with pytest.raises(install.Failed, match=r"no ready-made absent==1\.0 for this Python"):
        install.packages(empty, lock(tmp_path, "0" * 64, "absent"))


def test_a_full_disk_is_said_before_anything_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "NEEDED_BYTES", 10**18)
    with pytest.raises(install.Failed, match="less than 1 GB"):
        install.environment(sys.executable, tmp_path / ".venv")
    assert not (tmp_path / ".venv").exists()


def test_the_line_of_progress_counts_what_is_for_this_machine(tmp_path: Path) -> None:
    path = tmp_path / RUN
    path.write_text(
        "".join(
            f"{name}==1.0 \\\n    --hash=sha256:{'0' * 64}\n    # via tiny\n"
            for name in ("tiny", "other", "windows")
        )
    )
    lines = install.PipLines(path)
    assert lines("Ignoring windows: markers 'sys_platform == \"win32\"' don't match your environment") is None
    assert (
        lines("Collecting tiny==1.0 (from -r requirements.lock (line 1))")
        == "Fetching Python packages 1/2 tiny"
    )
    assert (
        lines("Processing /somewhere/other-1.0-py3-none-any.whl (from -r x)")
        == "Fetching Python packages 2/2 other"
    )
    assert lines("  Downloading tiny-1.0-py3-none-any.whl") is None
    assert lines("Installing collected packages: tiny, other") == "Installing 2 Python packages …"


def test_a_finished_environment_is_used_as_it_is(root: Path, installed: list[str]) -> None:
    venv = root / ".venv"
    assert not bootstrap.is_ready(venv, RUN)
    bootstrap.make(venv, RUN)
    assert bootstrap.is_ready(venv, RUN)
    assert not bootstrap.is_ready(venv, CHECK)
    assert installed == [RUN]


def test_bytecode_is_kept_also_where_that_is_forbidden(root: Path) -> None:
    (root / "tooling").mkdir()
    (root / "tooling" / "__init__.py").touch()
    (root / "tooling" / "noun.py").touch()
    (root / "tooling" / "cli.py").write_text("import tooling.noun\n")
    became = "from pathlib import Path; from tooling import bootstrap; bootstrap.ROOT = Path({!r}); bootstrap.become(Path({!r}), [])"
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-P", "-c", became.format(str(root), sys.prefix)]
    subprocess.run(command, env=environment, cwd=root, check=True)
    assert list((root / "tooling" / "__pycache__").glob("noun.*.pyc"))


def test_the_checks_are_added_to_what_is_there_and_stay_through_later_locks(
    root: Path, installed: list[str]
) -> None:
    venv = root / ".venv"
    bootstrap.make(venv, RUN)
    bootstrap.make(venv, CHECK)
    assert bootstrap.is_ready(venv, RUN)
    assert bootstrap.is_ready(venv, CHECK)
    (root / RUN).write_text("run, newer\n")
    assert not bootstrap.is_ready(venv, RUN)
    bootstrap.make(venv, RUN)
    assert installed == [RUN, CHECK, CHECK]
    assert bootstrap.is_ready(venv, CHECK)


@pytest.mark.parametrize("damage", ["unfinished", "moved", "without python", "not json"])
def test_half_an_environment_is_made_anew(root: Path, installed: list[str], damage: str) -> None:
    venv = root / ".venv"
    bootstrap.make(venv, RUN)
    if damage == "unfinished":
        (venv / MARKER).unlink()
    elif damage == "moved":
        (venv / MARKER).write_text(
            json.dumps(json.loads((venv / MARKER).read_text()) | {"path": "/elsewhere/.venv"})
        )
    elif damage == "without python":
        (venv / "bin" / "python").unlink()
    else:
        (venv / MARKER).write_text("{")
    (venv / "left-over").touch()
    assert not bootstrap.is_ready(venv, RUN)
    bootstrap.make(venv, RUN)
    assert bootstrap.is_ready(venv, RUN)
    assert not (venv / "left-over").exists()
    assert not venv.with_name(".venv.old").exists()


def test_when_a_new_lock_cannot_be_installed_the_old_environment_stays(
    root: Path, installed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    venv, old = root / ".venv", (root / RUN).read_text()
    bootstrap.make(venv, RUN)
    (root / RUN).write_text("newer\n")

    def fails(_venv: Path, _lock: Path, _installer: Path) -> None:
        raise install.Failed("no network")

    monkeypatch.setattr(install, "packages", fails)
    with pytest.raises(install.Failed):
        bootstrap.make(venv, RUN)
    assert not bootstrap.is_ready(venv, RUN)
    (root / RUN).write_text(old)
    assert bootstrap.is_ready(venv, RUN)
    assert installed == [RUN]


def test_what_is_stopped_while_the_checks_are_added_leaves_what_was_there(
    root: Path, installed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    venv = root / ".venv"
    bootstrap.make(venv, RUN)

    def stopped(_venv: Path, _lock: Path, _installer: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(install, "packages", stopped)
    with pytest.raises(KeyboardInterrupt):
        bootstrap.make(venv, CHECK)
    assert bootstrap.is_ready(venv, RUN)
    assert installed == [RUN]


SLOW = """
import sys, pathlib, time
sys.path.insert(0, {repository!r})
from tooling import bootstrap, install
bootstrap.ROOT = pathlib.Path({root!r})
install.environment = lambda python, venv: venv.mkdir()
install.packages = lambda venv, lock, installer: (print("installing", flush=True), time.sleep(600))
bootstrap.main(["status"])
"""


def test_an_installation_that_is_told_to_end_gives_the_old_environment_back(
    root: Path, installed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `timeout 30 ./heidi test` does; a second kind of end, kill -9, leaves it aside, where the next one
    finds it.
    """
    venv, old = root / ".venv", (root / RUN).read_text()
    bootstrap.make(venv, RUN)
    (root / RUN).write_text("newer\n")
    for number, message in ((signal.SIGTERM, "it starts over cleanly"), (signal.SIGKILL, "")):
        script = SLOW.format(repository=str(ROOT), root=str(root))
        with subprocess.Popen(
            [sys.executable, "-c", script],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "HEIDI_VENV": str(venv)},
        ) as process:
            assert process.stdout
            assert process.stdout.readline() == "installing\n"
            process.send_signal(number)
            assert message in process.communicate(timeout=120)[1]
    monkeypatch.setattr(install, "packages", lambda *_: (_ for _ in ()).throw(install.Failed("no network")))
    with pytest.raises(install.Failed):
        bootstrap.make(venv, RUN)
    (root / RUN).write_text(old)
    assert bootstrap.is_ready(venv, RUN)


def test_an_environment_of_somebody_else_is_one_sentence(
    root: Path, installed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    venv = root / ".venv"
    bootstrap.make(venv, RUN)
    (root / RUN).write_text("newer\n")

    def denied(_self: Path, _target: Path) -> Path:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", denied)
    with pytest.raises(
        install.Failed,
        match="cannot be replaced: Permission denied. Run ./heidi as the owner of the checkout",
    ):
        bootstrap.make(venv, RUN)


def test_a_directory_that_is_no_environment_is_left_alone(root: Path, installed: list[str]) -> None:
    venv = root / "documents"
    venv.mkdir()
    (venv / "letter.txt").touch()
    with pytest.raises(install.Failed, match="HEIDI_VENV"):
        bootstrap.make(venv, RUN)
    assert (venv / "letter.txt").exists()
    assert installed == []


def test_whoever_comes_second_waits_and_says_so(root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    script = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); import pathlib; from tooling import bootstrap\n"
        f"with bootstrap.only_one(pathlib.Path({str(root / '.venv')!r})): print('mine')"
    )
    with bootstrap.only_one(root / ".venv"):
        second = subprocess.Popen(
            [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert second.stderr is not None
        assert second.stderr.readline() == "Another ./heidi is installing; waiting for it.\n"
        assert second.poll() is None
    output, _ = second.communicate(timeout=120)
    assert output == "mine\n"


def test_a_python_is_asked_before_it_is_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (
        ("python3.13", "#!/bin/sh\nexit 127\n"),
        ("python3.12", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n'),
    ):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    assert pythons.find(str(tmp_path / ".venv")) == str(tmp_path / "python3.12")
    (tmp_path / "python3.12").unlink()
    assert pythons.find(str(tmp_path / ".venv")) is None
    assert "sudo apt install" in pythons.too_old()


def test_a_python_without_its_venv_module_is_named_with_the_package_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pythons, "suits", lambda _path: False)
    with pytest.raises(install.Failed, match=r"lacks its venv module.*apt install python3\.\d+-venv"):
        bootstrap.base_python(tmp_path / ".venv")


def runs(python: str) -> bool:
    """pyenv puts shims on PATH also for versions that it does not have."""
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("version", ["3.6", "3.8", "3.10"])
def test_an_old_python_hands_over_to_a_newer_one(version: str, tmp_path: Path) -> None:
    installed = (Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python3")
    found = [*map(str, installed), *filter(None, [shutil.which(f"python{version}")])]
    old = next((path for path in found if runs(path)), None)
    if old is None:
        pytest.skip(f"there is no Python {version} here")
    script = "import sys; sys.path.insert(0, sys.argv[1]); from tooling import pythons; print(pythons.find(sys.argv[2]))"
    result = subprocess.run(
        [old, "-c", script, str(ROOT), sys.prefix], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == f"{sys.prefix}/bin/python"
