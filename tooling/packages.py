"""Whoever fetches Python packages: uv where it runs, otherwise pip. Both take nothing but what a lock names by
its hash.
"""

import os
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

PIP = (
    "install",
    "--require-hashes",
    "--no-deps",
    "--only-binary",
    ":all:",
    "--no-compile",
    "--no-input",
    "--disable-pip-version-check",
    "--retries",
    "2",
    "--progress-bar",
    "off",
)
UV = ("pip", "install", "--require-hashes", "--no-deps", "--only-binary", ":all:", "--no-progress")
# one of these, given in a later place, wins: what is written for all, for `pip install`, in the environment
PLACES = ("global", "install", ":env:")
SAID = re.compile(r"^(global|install|:env:)\.([a-z-]+)='(.*)'$", re.MULTILINE)


class Fetcher(NamedTuple):
    """A program, how it is called to install a lock, and what it needs to know besides."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str]


def pip(venv: Path) -> Fetcher:
    """The environment's own pip, or that of the Python it was made from."""
    own = venv / "bin" / "python"
    there = (venv / "bin" / "pip").exists()
    before = (str(own), "-I", "-m", "pip") if there else (base(own), "-I", "-m", "pip", "--python", str(own))
    return Fetcher("pip", (*before, *PIP, "-r"), {"PIP_USER": "0"})


def base(python: Path) -> str:
    """The interpreter that an environment was made from."""
    code = "import sys; print(getattr(sys, '_base_executable', None) or sys.executable)"
    return subprocess.run(
        [str(python), "-I", "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def has_pip(python: str) -> bool:
    """Whether an interpreter brings a pip that can install into another's environment."""
    asked = [python, "-I", "-m", "pip", "--python", python, "--version"]
    return subprocess.run(asked, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0


def uv(venv: Path, by: Fetcher) -> "Fetcher | None":
    """uv, told what pip is told of indexes and proxies; None where it does not run."""
    program = venv / "bin" / "uv"
    try:
        if subprocess.run([program, "--version"], capture_output=True, check=False).returncode != 0:
            return None
    except OSError:
        return None
    options, environment = told(settings(by))
    where = ("--python", str(venv / "bin" / "python"))
    return Fetcher("uv", (str(program), *UV, *where, *options, "-r"), environment)


def settings(by: Fetcher) -> dict[str, str]:
    """What pip's files and variables say."""
    command = [*by.command[: by.command.index("install")], "config", "list"]
    said = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    ).stdout
    found = sorted(SAID.findall(said), key=lambda line: PLACES.index(line[0]))
    return {name: value for _, name, value in found}


def told(said: "dict[str, str]") -> "tuple[list[str], dict[str, str]]":
    """Pip's settings as uv's options and variables; all indexes are asked, as pip does: the hash decides."""
    options = ["--index-strategy", "unsafe-best-match"]
    for name, option in (
        ("index-url", "--default-index"),
        ("extra-index-url", "--index"),
        ("find-links", "--find-links"),
        ("trusted-host", "--allow-insecure-host"),
    ):
        for value in said.get(name, "").split():
            options += [option, value]
    if said.get("no-index") in {"1", "true", "True"}:
        options.append("--no-index")
    environment = {"UV_SYSTEM_CERTS": "true", "UV_HTTP_RETRIES": "2"}
    if cert := said.get("cert"):
        environment["SSL_CERT_FILE"] = cert
    if proxy := said.get("proxy"):
        environment |= {"HTTPS_PROXY": proxy, "HTTP_PROXY": proxy}
    return options, environment


def clean() -> "dict[str, str]":
    """Our environment without what would lead either of them elsewhere."""
    elsewhere = {"PIP_USER", "PIP_TARGET", "PIP_PREFIX", "UV_TARGET", "UV_PREFIX", "UV_SYSTEM_PYTHON"}
    return {name: value for name, value in os.environ.items() if name not in elsewhere}
