"""Conditional requests and ranges (RFC 9110 §13, §14), as far as S3 keeps to them."""

import re
from email.utils import parsedate_to_datetime

from tooling.thirdparty.object_store.disk import Stored
from tooling.thirdparty.object_store.errors import S3Error
from tooling.thirdparty.object_store.signature import Wire

RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def check_write(wire: Wire, existing: Stored | None) -> None:
    """PreconditionFailed (or NoSuchKey) unless the object is as the writer expects it."""
    if_match, if_none_match = wire.header("if-match"), wire.header("if-none-match")
    if if_none_match and if_none_match != "*":
        raise S3Error("NotImplemented", "A write can only ask for If-None-Match: *.")
    if if_none_match and existing:
        raise S3Error("PreconditionFailed")
    if if_match and existing is None:
        raise S3Error("NoSuchKey")
    if if_match and not names(if_match, existing):
        raise S3Error("PreconditionFailed")


def unchanged(wire: Wire, stored: Stored) -> bool:
    """Whether a reader has this version already (304); PreconditionFailed when it insists on another one."""
    if_match, if_none_match = wire.header("if-match"), wire.header("if-none-match")
    if if_match and not names(if_match, stored):
        raise S3Error("PreconditionFailed")
    before = seconds(wire.header("if-unmodified-since"))
    if not if_match and before is not None and int(stored.modified) > before:
        raise S3Error("PreconditionFailed")
    if if_none_match:
        return names(if_none_match, stored)
    since = seconds(wire.header("if-modified-since"))
    return since is not None and int(stored.modified) <= since


def byte_range(wire: Wire, size: int) -> range | None:
    """The bytes that are asked for; None for all of them, InvalidRange when there are none such."""
    match = RANGE.fullmatch(wire.header("range"))
    if match is None or match[0] == "bytes=-":
        return None
    first, last = match[1], match[2]
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if first and last and int(last) < int(first):
        return None
    if start >= end:
        raise S3Error("InvalidRange")
    return range(start, end)


def names(header: str, stored: Stored | None) -> bool:
    tags = [tag.strip().removeprefix("W/").strip('"') for tag in header.split(",")]
    return stored is not None and ("*" in tags or stored.etag in tags)


def seconds(header: str) -> int | None:
    try:
        return int(parsedate_to_datetime(header).timestamp()) if header else None
    except ValueError:
        return None
