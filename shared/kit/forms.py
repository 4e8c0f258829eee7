"""The fields of a form, however it came."""

import re
from typing import Any
from urllib.parse import parse_qsl

from shared.errors import BadRequest
from shared.kit.http import Request
from shared.kit.record import camel

MOST_PARTS = 100  # each costs about as much as fifty kilobytes of a file
INSIDE = re.compile(r"(\w+)\[(\w+)\](\[\])?", re.ASCII)


class MalformedForm(BadRequest):
    message = "The body is not a valid form."


class Inside(dict[str, Any]):
    """What lies inside of a field; a file is no such thing."""


class Fields(dict[str, Any]):
    """Fields by name: texts and files. One that is repeated becomes a list, `attribute[side]` is `side` inside
    of `attribute`, and `attribute[side][]` a list there even where it comes once (Open311 GeoReport v2).
    """

    parts = 0

    def add(self, name: str, value: Any) -> None:
        """One more part; MalformedForm where there are too many, or where they contradict each other."""
        self.parts += 1
        if self.parts > MOST_PARTS or "\0" in name or (isinstance(value, str) and "\0" in value):
            raise MalformedForm
        inside = INSIDE.fullmatch(name)
        if inside is None:
            append(self, camel(name), value)
            return
        within = self.setdefault(camel(inside[1]), Inside())
        if not isinstance(within, Inside):
            raise MalformedForm
        append(within, inside[2], value)
        if inside[3] and not isinstance(within[inside[2]], list):
            within[inside[2]] = [within[inside[2]]]


def append(found: dict[str, Any], name: str, value: Any) -> None:
    """Keep a value beside those that have the same name."""
    if name not in found:
        found[name] = value
    elif isinstance(found[name], list):
        found[name].append(value)
    else:
        found[name] = [found[name], value]


def urlencoded(request: Request, limit: int) -> Fields:
    """The fields of `application/x-www-form-urlencoded` (WHATWG URL §5), which is always UTF-8."""
    found = Fields()
    try:
        text = request.body(limit).decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_PARTS, errors="strict")
    except ValueError:  # too many fields, or not UTF-8
        raise MalformedForm from None
    for name, value in pairs:
        found.add(name, value)
    return found
