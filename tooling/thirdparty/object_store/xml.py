"""The XML that S3 answers with, and the little that it is asked in."""

from collections.abc import Iterable
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from tooling.thirdparty.object_store.errors import S3Error

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
Node = str | list[tuple[str, "Node"]]


def document(name: str, children: list[tuple[str, Node]], namespace: str = NAMESPACE) -> bytes:
    """An XML document from names and texts (or lists of names and texts), in order."""
    root = Element(name, {"xmlns": namespace} if namespace else {})
    add(root, children)
    return (DECLARATION + tostring(root, encoding="unicode")).encode()


def add(parent: Element, children: Iterable[tuple[str, Node]]) -> None:
    for name, value in children:
        child = SubElement(parent, name)
        if isinstance(value, str):
            child.text = value
        else:
            add(child, value)


def parse(body: bytes) -> Element:
    """The root of a document without its namespaces; MalformedXML when it is none, or dangerous."""
    try:
        root: Element = fromstring(body)
    except (ParseError, DefusedXmlException, ValueError):
        raise S3Error("MalformedXML") from None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def timestamp(seconds: float) -> str:
    """A time as it stands in S3's XML."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
