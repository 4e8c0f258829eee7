"""Run venv, uv and pip quietly: one line of progress, and one clear sentence for each way in which they fail."""

import os
import re
import selectors
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import IO

from tooling import packages as fetchers
from tooling.packages import Fetcher

NEEDED_BYTES = 1_000_000_000
TAKEN_UP = re.compile(
    r"(?:Collecting|Processing|Requirement already satisfied:) (?:\S*/)?(\w[\w.]*(?:-[A-Za-z]\w*)*)"
)
OFFLINE = (  # pip's words, and uv's
    r"NewConnectionError|NameResolutionError|ConnectTimeout|ReadTimeout|ProxyError|Network is unreachable"
    r"|Connection refused|Temporary failure in name resolution|SSLError|Connection reset|Connection broken"
    r"|error sending request|client error \(Connect\)|dns error"
)
WRONG_HASH = r"DO NOT MATCH THE HASHES|Hash mismatch"
SENTENCES = {
    r"No space left on device": "The disk that holds {venv} is full: free about 1 GB and run ./heidi again.",
    WRONG_HASH: (
        "A downloaded package is not the one that {lock} names by its hash, so it was not installed. "
        "Ask who runs your package index or proxy; what was said is in {log}."
    ),
    OFFLINE: (
        "The Python packages could not be downloaded: no connection to the package index. Check the network (behind a proxy "
        "set HTTPS_PROXY, with an index of your own PIP_INDEX_URL) and run ./heidi again. what was said is in {log}."
    ),
    r"No matching distribution found for (?P<what>\S+)": (
        "There is no ready-made {what} for this Python and this machine. HEIDI is at home on Python 3.11 to 3.13 "
        "on 64-bit Linux and macOS. what was said is in {log}."
    ),
    r"Permission denied|Read-only file system": (
        "{venv} cannot be written. Run ./heidi as the owner of the checkout, or name another directory with HEIDI_VENV."
    ),
}


class Failed(Exception):
    """Why there is no environment, and what to do about it."""


class PipLines:
    """What pip prints, made into the one line that a person wants."""

    def __init__(self, lock: Path) -> None:
        self.total = len(re.findall(r"^[^\s#]+==", lock.read_text(), re.MULTILINE))
        self.taken = 0

    def __call__(self, line: str) -> str | None:
        """The new text of the progress line, or None to leave it."""
        if line.startswith("Ignoring "):  # for another system or another Python
            self.total -= 1
        elif line.startswith("Installing collected"):
            return f"Installing {self.taken} Python packages …"
        elif found := TAKEN_UP.match(line):
            self.taken += 1
            return f"Fetching Python packages {self.taken}/{self.total} {found[1]}"
        return None


def environment(python: str, venv: Path) -> None:
    """An empty virtual environment; with a pip in it only where the interpreter has none to lend."""
    if shutil.disk_usage(venv.parent).free < NEEDED_BYTES:
        raise Failed(f"The disk that holds {venv} has less than 1 GB left: free some and run ./heidi again.")
    without = ("--without-pip",) if fetchers.has_pip(python) else ()
    output = run([python, "-I", "-m", "venv", *without, str(venv)], "Making the Python environment …")
    if output is not None:
        raise explain(output, venv, "")


def packages(venv: Path, lock: Path, installer: Path | None = None) -> None:
    """Everything in the lock and nothing else; by uv, where the installer's lock has one for this machine."""
    started = time.monotonic()
    pip = fetchers.pip(venv)
    uv = made_ready(venv, pip, installer) if installer else None
    if uv is None or not fetched(venv, lock, uv, may_fail=True):
        fetched(venv, lock, pip, may_fail=False)
    say(f"Python packages installed in {time.monotonic() - started:.0f} s.")


def made_ready(venv: Path, pip: Fetcher, installer: Path) -> Fetcher | None:
    """uv, fetched by pip; without it everything goes on as it did before there was one."""
    if uv := fetchers.uv(venv, pip):
        return uv
    output = run([*pip.command, str(installer)], "Fetching the installer …", environment=pip.environment)
    if output is not None and re.search(WRONG_HASH, output):
        raise explain(output, venv, installer.name)
    uv = fetchers.uv(venv, pip)
    if uv is None:
        say(
            "There is no uv for this machine, or it does not run here: pip fetches the packages, which takes a minute."
        )
    return uv


def fetched(venv: Path, lock: Path, by: Fetcher, *, may_fail: bool) -> bool:
    """Whether all of the lock is there now. What another would not mend is one sentence at once."""
    lines = PipLines(lock)
    title = f"Fetching {lines.total} Python packages, once …"
    output = run([*by.command, str(lock)], title, lines, environment=by.environment)
    if output is None:
        return True
    problem = explain(output, venv, lock.name)
    if may_fail and not re.search(f"{WRONG_HASH}|No space left", output):
        say(f"{by.name} could not fetch the packages ({last_line(output)}); pip tries, which takes a minute.")
        return False
    raise problem


def explain(output: str, venv: Path, lock: str) -> Failed:
    """One sentence for what went wrong; the whole story goes into a file."""
    log = venv.with_name(venv.name + ".log")
    try:
        log.write_text(output)
    except OSError:
        output += (
            "\nNo space left on device" if shutil.disk_usage(venv.parent).free == 0 else "\nPermission denied"
        )
    for pattern, sentence in SENTENCES.items():
        if found := re.search(pattern, output):
            return Failed(sentence.format(venv=venv, lock=lock, log=log, **found.groupdict()))
    return Failed(
        f"The Python packages could not be installed: {last_line(output)} (what was said is in {log})."
    )


def last_line(output: str) -> str:
    """What a program said in the end."""
    return next((line.strip() for line in reversed(output.splitlines()) if line.strip()), "it gave no reason")


def run(
    command: Sequence[str],
    title: str,
    describe: Callable[[str], str | None] = lambda _line: None,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> str | None:
    """Run with a line of progress; what it printed if it failed, otherwise None."""
    said: list[str] = []
    if not sys.stderr.isatty():
        say(title)
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        close_fds=False,  # only bootstrap's lock can be inherited
        env=fetchers.clean() | dict(environment) | {"LC_ALL": "C.UTF-8", "PYTHONUNBUFFERED": "1"},
    ) as process:
        try:
            for line in lines_of(process.stdout):
                if line is not None:
                    said.append(line)
                    title = describe(line) or title
                progress(title)
        except BaseException:
            process.terminate()
            raise
    progress("")
    return None if process.returncode == 0 else "\n".join(said) or f"exit code {process.returncode}"


def lines_of(stream: IO[bytes] | None) -> Iterator[str | None]:
    """Lines as they come, and None every quarter of a second in which nothing comes."""
    assert stream is not None  # noqa: S101 (for the type checker: it is a pipe)
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while True:
            if not selector.select(0.25):
                yield None
                continue
            chunk = os.read(stream.fileno(), 65536)
            *lines, rest = (rest + chunk).split(b"\n")
            yield from (line.decode(errors="replace") for line in lines)
            if not chunk:
                yield rest.decode(errors="replace")
                return


STARTED = time.monotonic()


def progress(text: str) -> None:
    """Replace the line on a terminal; nothing elsewhere."""
    if sys.stderr.isatty():
        width = shutil.get_terminal_size().columns - 1
        line = f"{text}  {time.monotonic() - STARTED:.0f} s" if text else ""
        sys.stderr.write(f"\r\033[K{line[:width]}")
        sys.stderr.flush()


def say(text: str) -> None:
    """A line that stays; on stderr, so that a command's own output can be piped."""
    progress("")
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
