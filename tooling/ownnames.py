"""By which host names a program on a laptop may be called.

A web page can let a name of its own stand for 127.0.0.1 (DNS rebinding) and then read what answers there. The
Host header tells: it is a name that we do not have.
"""

from urllib.parse import urlsplit

LAPTOP = frozenset({"localhost", "127.0.0.1", "::1"})


def is_own(host: str, *domains: str) -> bool:
    """Whether a Host header names this machine, one of these domains, or a name below one."""
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return False
    return name in LAPTOP or any(
        name == domain or name.endswith(f".{domain}") for domain in ("localhost", *domains) if domain
    )
