"""Who called and which host was meant, behind proxies that are trusted to say so (TRUST_FORWARDED_FOR).

CLIENT_ADDRESS_HEADER is the header that the outermost of them overwrites with the caller's address. Of
X-Forwarded-For, which each proxy adds to, the last entry counts; any other header must hold one address, or
it is not believed.
"""

from socket import AF_INET, AF_INET6, inet_ntop, inet_pton

from shared.kit.http import Request
from shared.kit.settings import settings

APPENDED = "x-forwarded-for"
MAPPED = bytes(10) + b"\xff\xff"  # an IPv4 address, as an IPv6 socket shows it (RFC 4291 §2.5.5.2)


def host_of(request: Request) -> str:
    """The host name that was called; platforms rewrite Host to reach a function, and forward the caller's."""
    forwarded = request.header("x-forwarded-host") if settings().trust_forwarded_for else ""
    return forwarded.partition(",")[0].strip() or request.header("host")


def client_address(request: Request) -> str:
    """The caller's address, as brakes count it; a forwarded one counts only behind a proxy that is trusted to
    set it.
    """
    forwarded = forwarded_address(request) if settings().trust_forwarded_for else ""
    return household(forwarded or str(request.environ.get("REMOTE_ADDR", "")))


def forwarded_address(request: Request) -> str:
    """What the trusted proxy says; nothing where the header holds more than it can have written."""
    name = settings().client_address_header
    _, comma, last = request.header(name).rpartition(",")
    return last.strip() if name.lower() == APPENDED or not comma else ""


def neighbourhood(address: str) -> str:
    """The network around an address, which tells where calls come from, not from whom: 256 of IPv4, a site of
    IPv6.
    """
    bits, family, size = (24, AF_INET, 4) if ":" not in address else (48, AF_INET6, 16)
    try:
        octets = inet_pton(family, address)
    except (OSError, ValueError):
        return ""
    return f"{inet_ntop(family, octets[: bits // 8].ljust(size, bytes(1)))}/{bits}"


def household(address: str) -> str:
    """Of an IPv6 address the network: whoever has one has 2^64 of them (RFC 6177), and could call from
    another each time.
    """
    if ":" not in address:
        return address
    try:
        octets = inet_pton(AF_INET6, address)
    except (OSError, ValueError):
        return address
    if octets.startswith(MAPPED):
        return inet_ntop(AF_INET, octets[len(MAPPED) :])
    return inet_ntop(AF_INET6, octets[:8].ljust(16, b"\0"))
