"""Which addresses may be called: public ones, so that nobody can lead us into a private network by naming
one.
"""

import ipaddress
import socket
from collections.abc import Collection
from urllib.parse import urljoin, urlsplit

from shared.errors import Invalid

NAT64 = ipaddress.ip_network("64:ff9b::/96")
# global unicast; what lies outside is a way around or into something
PUBLIC_V6 = ipaddress.ip_network("2000::/3")
REFUSED = [
    ipaddress.ip_network(net)
    for net in (
        "2002::/16",  # 6to4, which carries any IPv4 address inside
        "192.0.0.0/24",
        "168.63.129.16/32",
    )
]  # where clouds keep their machines' own services (Oracle, Azure)


class AddressRefused(Invalid):
    message = "The address {url} is not that of a public web page."


class AddressMalformed(AddressRefused):
    message = "The address {url} is not well-formed."


class AddressNotWeb(AddressRefused):
    message = "The address {url} must begin with http:// or https:// and may hold no password."


class HostUnknown(AddressRefused):
    message = "The address {url} names a host that does not exist."


class HostPrivate(AddressRefused):
    message = "The address {url} leads into a private network."


def joined(base: str, location: str) -> str:
    """Where a redirect leads, with its host in ASCII; AddressRefused for what is no address that we would
    call.
    """
    try:
        url = urljoin(base, location)
        parts = urlsplit(url)
        port = "" if parts.port is None else f":{parts.port}"
        if not parts.netloc.isascii():
            import idna

            url = parts._replace(
                netloc=idna.encode(parts.hostname or "", uts46=True).decode() + port
            ).geturl()
    except ValueError:
        raise AddressMalformed(url=(location or base)[:300]) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise AddressNotWeb(url=url[:300])
    return url


def public_address(host: str, port: int, private_hosts: Collection[str] = ()) -> str:
    """The IP address of a host; AddressRefused unless all of its addresses are public, or it is one of
    `private_hosts`.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, ValueError):
        raise HostUnknown(url=host[:300]) from None
    addresses = [str(entry[4][0]) for entry in found]
    if host not in private_hosts and not all(map(is_public, addresses)):
        raise HostPrivate(url=host[:300])
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether an IP address, and the IPv4 address that may be inside it, belongs to the public internet."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or (ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF) if ip in NAT64 else None)
        if inner or ip not in PUBLIC_V6:
            return inner is not None and is_public(str(inner))
    return ip.is_global and not ip.is_multicast and not any(ip in net for net in REFUSED)
