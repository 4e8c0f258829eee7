"""Questions to the public DNS."""

from functools import lru_cache
from typing import TYPE_CHECKING

from shared.errors import Unavailable
from shared.kit.settings import settings

if TYPE_CHECKING:
    from dns.resolver import Resolver

WITHIN = 5.0  # seconds, for all attempts together


class DnsUnavailable(Unavailable):
    message = "The DNS does not answer for a moment. Try again in a few seconds."


def texts(name: str) -> list[str]:
    """The TXT records of a name (RFC 1035 §3.3.14), none where there is no such name; DnsUnavailable when
    nobody answers.
    """
    from dns.exception import DNSException
    from dns.resolver import NXDOMAIN, NoAnswer

    try:
        found = resolver(settings().dns_resolver).resolve(name + ".", "TXT", lifetime=WITHIN)
    except (NXDOMAIN, NoAnswer):
        return []
    except (DNSException, OSError) as error:
        raise DnsUnavailable(dependency="dns") from error
    return [b"".join(record.strings).decode(errors="replace") for record in found]


@lru_cache(4)
def resolver(address: str | None) -> "Resolver":
    """Who is asked: the configured server, else the machine's own."""
    from dns.resolver import Resolver

    made = Resolver(configure=not address)
    if address:
        host, _, port = address.rpartition(":")
        made.nameservers, made.port = [host], int(port)
    return made
