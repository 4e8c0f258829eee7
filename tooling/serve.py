"""One function alone under functions-framework, as Google's and Knative's tools start it."""

import os
import subprocess
import sys

from tooling.catalogue import find
from tooling.registry import ROOT
from tooling.stack.ports import is_free


def serve(name: str, port: int = 8090) -> int:
    """Run until Ctrl-C; the framework's exit code. A CommandFailed when there is no such function or the port is
    taken.
    """
    from tooling.command_failed import CommandFailed

    record = find(name)
    if not is_free(port):
        raise CommandFailed(f"Port {port} is taken: choose another with --port.")
    print(f"{record.name} at http://127.0.0.1:{port} · {record.method} · Ctrl-C ends it", flush=True)
    try:
        return subprocess.run(
            command(record.target, port), cwd=ROOT, env=environment(record.target), check=False
        ).returncode
    except KeyboardInterrupt:
        return 0


def command(target: str, port: int) -> list[str]:
    """How functions-framework is started."""
    return [
        sys.executable,
        "-m",
        "functions_framework",
        "--source",
        str(ROOT / "shared" / "runtime" / "entry.py"),
        "--target",
        target,
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]


def environment(target: str) -> dict[str, str]:
    """Our own, with what the entry needs; without the gateway's port, which is not this function's."""
    return {**os.environ, "FUNCTION_TARGET": target, "PYTHONPATH": str(ROOT)}
