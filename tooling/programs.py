"""Real programs that judge what is generated here: from the PATH, or from Debian's packages where installing
is allowed.

HEIDI_INSTALL=1 ./heidi test        # as root on a machine that may be changed, as CI's is
"""

import os
import shutil
import subprocess

PACKAGES = {  # program → Debian's package, with what it only recommends and cannot do without here
    "kubectl": "kubernetes-client",
    "promtool": "prometheus",
    "prometheus": "prometheus",
    "amtool": "prometheus-alertmanager",
    "caddy": "caddy",
    "pgbouncer": "pgbouncer",
    "rabbitmq-server": "rabbitmq-server",
    "podman": "podman netavark",
    "debootstrap": "debootstrap",
    "openssl": "openssl",
}
# servers live in sbin
PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"))


def find(program: str) -> str | None:
    """Where a program lies; None when it is not installed."""
    return shutil.which(program, path=PATH)


def missing() -> list[str]:
    """The programs that are not installed here."""
    return [program for program in PACKAGES if not find(program)]


def may_install() -> bool:
    """Whether this machine may be changed: somebody has said so, and it is theirs to change."""
    return bool(os.environ.get("HEIDI_INSTALL")) and os.geteuid() == 0 and find("apt-get") is not None


def provide() -> list[str]:
    """Install what is missing, if that is allowed; what is missing still."""
    if (lacking := missing()) and may_install():
        quietly = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], env=quietly, capture_output=True, check=False)
        # one at a time: each may be unobtainable
        for package in sorted({PACKAGES[program] for program in lacking}):
            subprocess.run(
                ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *package.split()],
                env=quietly,
                capture_output=True,
                check=False,
            )
    return missing()


if __name__ == "__main__":
    print(*sorted({PACKAGES[program] for program in missing()}))
