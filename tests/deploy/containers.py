"""Podman as the tests use it: images built from deploy/Dockerfile, containers that share this machine's
network.

The registry of Python's image may be out of reach, so a Debian made by debootstrap stands in for it; Podman
keeps it.
"""

import fcntl
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen
from uuid import uuid4

import pytest

from tests.programs import program
from tooling.registry import ROOT

BASE = "localhost/heidi-test-base:bookworm-1"
PACKAGES = "python3,python3-venv,ca-certificates"
# A hybrid cgroup tree makes crun give up; without its second half, in a mount namespace of our own, it is a
# plain one.
PLAIN_CGROUPS = ("unshare", "--mount", "sh", "-c", 'umount /sys/fs/cgroup/unified && exec "$@"', "sh")
RUN = ("run", "--network=host", "--cgroups=disabled", "--no-healthcheck")


@dataclass(frozen=True)
class Podman:
    """The program, and what must stand before it here."""

    path: str
    before: tuple[str, ...] = ()

    def __call__(
        self, *arguments: str, check: bool = True, patience: float = 1800
    ) -> subprocess.CompletedProcess[str]:
        """Run it; the test fails with what it said."""
        done = subprocess.run(
            [*self.before, self.path, *arguments],
            env=os.environ | {"CONTAINERS_CONF": configuration()},
            capture_output=True,
            text=True,
            timeout=patience,
            cwd=ROOT,
            check=False,
        )
        assert done.returncode == 0 or not check, done.stdout[-3000:] + done.stderr[-3000:]
        return done

    def inspect(self, name: str) -> dict[str, Any]:
        """What it knows of an image or a container."""
        found: dict[str, Any] = json.loads(self("inspect", name).stdout)[0]
        return found

    @contextmanager
    def running(self, image: str, **environment: str) -> Iterator[str]:
        """A container as a cluster would run it: nothing to write to but /tmp, no privileges; gone
        afterwards.
        """
        name = f"heidi-test-{uuid4().hex[:12]}"
        given = [part for pair in environment.items() for part in ("--env", "=".join(pair))]
        self(
            *RUN,
            "--detach",
            "--name",
            name,
            "--read-only",
            "--tmpfs",
            "/tmp",
            "--cap-drop=all",
            "--security-opt=no-new-privileges",
            *given,
            image,
        )
        try:
            yield name
        finally:
            self("rm", "--force", "--time=0", name, check=False)

    def until(self, look: Callable[[], bool], container: str, patience: float = 240) -> None:
        """Wait for something in a container; its log says why not."""
        deadline = time.monotonic() + patience
        while not look():
            assert time.monotonic() < deadline, self("logs", container).stderr
            time.sleep(0.05)


@cache
def configuration() -> str:
    """Podman would raise limits that are not its to raise where it is itself in a container."""
    path = Path(tempfile.mkdtemp(prefix="heidi-podman-")) / "containers.conf"
    path.write_text("[containers]\ndefault_ulimits = []\n")
    return str(path)


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Images are made one after the other, whoever asks on this machine: they share layers and a cache."""
    with (Path(tempfile.gettempdir()) / "heidi-test-images.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@cache
def podman() -> Podman:
    """Podman with a base image, in the way in which it runs here; skips where it does not."""
    if os.geteuid():
        pytest.skip("debootstrap makes the base image, and it needs root")
    plain = Podman(program("podman"))
    with one_at_a_time():
        if plain("image", "exists", BASE, check=False).returncode:
            make_base(plain, program("debootstrap"))
    for way in (plain, Podman(plain.path, PLAIN_CGROUPS)):
        tried = way(*RUN, "--rm", BASE, "true", check=False)
        if tried.returncode == 0:
            return way
    pytest.skip(f"podman cannot run a container here: {tried.stderr.strip()[-300:]}")


def make_base(podman: Podman, debootstrap: str) -> None:
    """A Debian with Python, as an image."""
    with tempfile.TemporaryDirectory(prefix="heidi-base-", ignore_cleanup_errors=True) as directory:
        made = subprocess.run(
            [debootstrap, "--variant=minbase", f"--include={PACKAGES}", "bookworm", directory],
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            pytest.skip(f"debootstrap makes no Debian here: {made.stdout.strip()[-300:]}")
        archive = Path(directory) / "image.tar"
        packages = (
            "--exclude=./var/cache/apt/archives/*.deb",
            "--exclude=./image.tar",
            "--exclude=./proc/*",
            "--exclude=./sys/*",
        )
        subprocess.run(
            ["tar", "--directory", directory, *packages, "--create", "--file", str(archive), "."], check=True
        )
        podman("import", str(archive), BASE)


def answers(url: str) -> bool:
    """Whether somebody answers there with 200."""
    try:
        with urlopen(url, timeout=60) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def build(target: str, version: str = "0.0.0-test") -> str:
    """The image of a target of deploy/Dockerfile; without crun, which a build does not need."""
    image = f"localhost/heidi-{target}:{version}"
    run = podman()
    with one_at_a_time():
        run(
            "build",
            "--isolation=chroot",
            "--network=host",
            "--format=docker",
            "--file=deploy/Dockerfile",
            "--ignorefile=deploy/Dockerfile.dockerignore",
            f"--target={target}",
            f"--build-arg=BASE={BASE}",
            f"--build-arg=VERSION={version}",
            "--build-arg=REVISION=0123abc",
            *pip_of_this_machine(),
            f"--tag={image}",
            ".",
        )
    return image


def pip_of_this_machine() -> list[str]:
    """The index that pip asks here, mounted while the image is built: none of it stays there."""
    python = Path(sys.base_prefix) / "bin" / "python3"  # an environment that uv has made has no pip
    shown = subprocess.run(
        [python, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    ).stdout
    settings = {
        name.rpartition(".")[2]: value.strip("'")
        for name, _, value in (line.partition("=") for line in shown.splitlines())
    }
    path = Path(configuration()).with_name("pip.conf")
    path.write_text("[global]\n" + "".join(f"{name} = {value}\n" for name, value in settings.items()))
    words = {word for value in settings.values() for word in value.replace("\\n", " ").split()}
    places = {Path(word.removeprefix("file://")) for word in words if word.startswith(("/", "file:///"))}
    # files lie beside an index
    mounted = {place.parent if place.name == "simple" else place for place in places if place.exists()}
    return [
        f"--volume={path}:/etc/pip.conf:ro",
        *(f"--volume={place}:{place}:ro" for place in sorted(mounted)),
    ]
