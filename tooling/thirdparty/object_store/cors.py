"""Which web pages may use a bucket: PutBucketCors, GetBucketCors, and the preflight requests of browsers."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from xml.etree.ElementTree import Element

from tooling.thirdparty.object_store import xml
from tooling.thirdparty.object_store.disk import Disk
from tooling.thirdparty.object_store.errors import S3Error
from tooling.thirdparty.object_store.signature import Wire

METHODS = frozenset({"GET", "PUT", "POST", "DELETE", "HEAD"})


@dataclass(frozen=True, slots=True)
class Rule:
    """One CORSRule; `*` stands for anything in origins and headers."""

    origins: tuple[str, ...]
    methods: tuple[str, ...]
    headers: tuple[str, ...]
    exposed: tuple[str, ...]

    def allows(self, origin: str, method: str, headers: list[str]) -> bool:
        """Whether a page of that origin may send such a request."""
        return (
            any(fnmatchcase(origin, pattern) for pattern in self.origins)
            and method in self.methods
            and all(any(fnmatchcase(name, pattern.lower()) for pattern in self.headers) for name in headers)
        )


def save(disk: Disk, bucket: str, body: bytes) -> None:
    """Check and keep a CORSConfiguration; MalformedXML when it is none."""
    rules = rules_of(xml.parse(body))
    if not rules or any(not set(rule.methods) <= METHODS or not rule.origins for rule in rules):
        raise S3Error("MalformedXML")
    disk.note(bucket, "cors").write_bytes(body)


def load(disk: Disk, bucket: str) -> bytes:
    """The configuration as it was sent; NoSuchCORSConfiguration when there is none."""
    try:
        return disk.note(bucket, "cors").read_bytes()
    except FileNotFoundError:
        raise S3Error("NoSuchCORSConfiguration") from None


def response_headers(disk: Disk, bucket: str, wire: Wire, method: str) -> dict[str, str]:
    """What lets a browser show the answer to the page that asked; empty when no rule fits."""
    origin = wire.header("origin")
    asked = [
        name.strip().lower()
        for name in wire.header("access-control-request-headers").split(",")
        if name.strip()
    ]
    try:
        rules = rules_of(xml.parse(load(disk, bucket))) if origin else []
    except S3Error:
        return {}
    for rule in rules:
        if rule.allows(origin, method, asked):
            return {
                "Access-Control-Allow-Origin": "*" if "*" in rule.origins else origin,
                "Vary": "Origin",
                "Access-Control-Allow-Methods": ", ".join(rule.methods),
                **({"Access-Control-Allow-Headers": ", ".join(asked)} if asked else {}),
                **({"Access-Control-Expose-Headers": ", ".join(rule.exposed)} if rule.exposed else {}),
            }
    return {}


def rules_of(root: Element) -> list[Rule]:
    def texts(rule: Element, name: str) -> tuple[str, ...]:
        return tuple(element.text or "" for element in rule.findall(name))

    return [
        Rule(
            texts(rule, "AllowedOrigin"),
            texts(rule, "AllowedMethod"),
            texts(rule, "AllowedHeader"),
            texts(rule, "ExposeHeader"),
        )
        for rule in root.findall("CORSRule")
    ]
