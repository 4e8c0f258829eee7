"""Real Caddies with real functions behind them, as in a cluster: each function a process of its own."""

import os
import socket
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from tests.gateway.support import answers, eventually, process
from tests.programs import program
from tooling.stack.home import ROOT
from tooling.stack.ports import free_port

EDGE, INTERNAL = (
    ROOT / "deploy" / "edge" / "Caddyfile",
    ROOT / "knative" / "base" / "internal-gateway" / "Caddyfile",
)
NAMESPACE = "heidi-test"
DOMAIN = "heidi.test"
TOKEN = "the-brokers-token-of-this-test-0123456789"
SETTINGS = {
    "BROKER_TOKEN": TOKEN,
    "TRUST_FORWARDED_FOR": "true",
    "CLIENT_ADDRESS_HEADER": "x-real-ip",
    "BASE_DOMAIN": DOMAIN,
    "CORS_ORIGINS": f"https://studio.{DOMAIN}",
}


def adapted(config: Path, **environment: str) -> str:
    """What Caddy says about a configuration; the test fails when it would not start with it."""
    done = subprocess.run(
        [program("caddy"), "validate", "--config", str(config), "--adapter", "caddyfile"],
        text=True,
        check=False,
        env=os.environ | {"HEIDI_BUFFERS": buffers()} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def buffers() -> str:
    """Which words this Caddy has for buffering requests."""
    version = subprocess.run(
        [program("caddy"), "version"], text=True, check=True, stdout=subprocess.PIPE
    ).stdout
    return "buffers-of-2.6" if version.lstrip("v").startswith("2.6.") else "buffers"


@contextmanager
def caddy(config: Path, home: Path, port: int, **environment: str) -> Iterator[Path]:
    """A Caddy that listens; what it logs is in the file."""
    home.mkdir(parents=True, exist_ok=True)
    log = home / "log"
    own = {"XDG_DATA_HOME": str(home), "XDG_CONFIG_HOME": str(home)}
    with (
        log.open("wb") as lines,
        subprocess.Popen(
            [program("caddy"), "run", "--config", str(config), "--adapter", "caddyfile"],
            env=os.environ | own | environment,
            stderr=lines,
        ) as started,
    ):
        try:
            eventually(partial(listens, port, started, log))
            yield log
        finally:
            started.terminate()


def listens(port: int, started: "subprocess.Popen[bytes]", log: Path) -> bool:
    """Whether somebody takes calls on the port."""
    assert started.poll() is None, log.read_text()
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def served(*names: str, **environment: str) -> Iterator[dict[str, int]]:
    """Functions as they are deployed, and their ports; they start at the same time."""
    own = SETTINGS | {"HOST": "127.0.0.1", "WORKER_THREADS": "2"} | environment
    ports = {name: free_port() for name in names}
    with ExitStack() as running:
        started = {
            name: running.enter_context(
                process("shared.runtime.server", **own, FUNCTION_TARGET=name, PORT=str(port))
            )
            for name, port in ports.items()
        }
        for name, port in ports.items():
            answers(f"http://127.0.0.1:{port}/health/live", started[name])
        yield ports


@contextmanager
def ingress(home: Path, port: int, ports: Mapping[str, int]) -> Iterator[None]:
    """What stands here for Knative's inner ingress: by host name to the function, and nothing is added but an
    address.
    """
    sites = "".join(
        f"@{name} host {name}.{NAMESPACE}.svc.cluster.local\nreverse_proxy @{name} 127.0.0.1:{at} {{\n"
        "trusted_proxies 127.0.0.1/8\n}\n"
        for name, at in ports.items()
    )
    config = home / "Caddyfile"
    home.mkdir(parents=True)
    config.write_text(
        f"{{\nadmin off\nauto_https off\n}}\n:{port} {{\nroute {{\n{sites}respond 404\n}}\n}}\n", "utf-8"
    )
    with caddy(config, home, port):
        yield


@dataclass(frozen=True, slots=True)
class Cluster:
    """The functions behind an ingress, and the internal gateway through which they ask each other."""

    ports: Mapping[str, int]
    ingress: int
    inside: int
    events: int
    log: Path

    @classmethod
    @contextmanager
    def started(
        cls, home: Path, *names: str, config: Path = INTERNAL, **environment: str
    ) -> "Iterator[Cluster]":
        """Up inside the block; a name may be a service's, which then lives in one process."""
        at, inside, events = free_port(), free_port(), free_port()
        gateway = {
            "HEIDI_PLATFORM": "knative",
            "HEIDI_UPSTREAM": f"127.0.0.1:{at}",
            "HEIDI_NAMESPACE": NAMESPACE,
            "INSIDE_PORT": str(inside),
            "EVENTS_PORT": str(events),
            "BROKER_TOKEN": TOKEN,
        }
        with (
            caddy(config, home / "internal", events, **gateway) as log,
            served(*names, GATEWAY_URL=f"http://127.0.0.1:{inside}", **environment) as ports,
            ingress(home / "ingress", at, ports),
        ):
            yield cls(ports, at, inside, events, log)


@dataclass(frozen=True, slots=True)
class Edge:
    """A Caddy that the world calls, with TLS from a CA of its own."""

    port: int
    ask: int
    metrics: int
    log: Path
    trust: ssl.SSLContext

    @classmethod
    @contextmanager
    def started(
        cls, home: Path, platform: str, upstream: int, trusted: Path | None = None, **environment: str
    ) -> "Iterator[Edge]":
        """Up inside the block, in front of something that listens on this machine; without `trusted` it has a
        CA of its own.
        """
        port, plain, ask, metrics = free_port(), free_port(), free_port(), free_port()
        own = {
            "HEIDI_BUFFERS": buffers(),
            "HEIDI_PLATFORM": platform,
            "HEIDI_UPSTREAM": f"127.0.0.1:{upstream}",
            "HEIDI_NAMESPACE": NAMESPACE,
            "HEIDI_SITES": f"{DOMAIN}, *.{DOMAIN}",
            "BASE_DOMAIN": DOMAIN,
            "HTTPS_PORT": str(port),
            "HTTP_PORT": str(plain),
            "ASK_PORT": str(ask),
            "METRICS_PORT": str(metrics),
        }
        with caddy(EDGE, home, port, **own | environment) as log:
            root = trusted or home / "caddy" / "pki" / "authorities" / "local" / "root.crt"
            eventually(root.is_file)
            edge = cls(port, ask, metrics, log, ssl.create_default_context(cafile=str(root)))
            if "HEIDI_CERTIFICATES" not in environment:
                eventually(edge.has_certificates)
            yield edge

    def has_certificates(self) -> bool:
        """Whether a city and the platform are answered with TLS."""
        try:
            return bool(self.call("GET", "/", "city").status_code and self.call("GET", "/").status_code)
        except httpx.ConnectError:
            return False

    def call(
        self, method: str, path: str, city: str = "", *, http2: bool = False, **parts: Any
    ) -> httpx.Response:
        """One call at a city's host name, or at the platform's; the certificate must be right."""
        name = f"{city}.{DOMAIN}" if city else DOMAIN
        headers = [("Host", name), *dict(parts.pop("headers", {})).items()]
        with httpx.Client(verify=self.trust, http2=http2, timeout=60) as client:
            return client.request(
                method,
                f"https://127.0.0.1:{self.port}{path}",
                headers=headers,
                extensions={"sni_hostname": name},
                **parts,
            )


@contextmanager
def local_gateway(home: Path, **environment: str) -> Iterator[int]:
    """The local gateway, which has all functions in one process; its port."""
    port = free_port()
    own = SETTINGS | {
        "GATEWAY_PORT": str(port),
        "GATEWAY_URL": f"http://127.0.0.1:{port}",
        "HEIDI_HOME": str(home),
        "GATEWAY_PASSWORD": "p",
    }
    with process("tooling.gateway", **own | environment) as started:
        answers(f"http://127.0.0.1:{port}/healthz", started)
        yield port
