"""Multipart forms: fields as texts, files as uploads, within a size limit."""

import io
from typing import Any

from shared.errors import BadRequest
from shared.kit.http import Request
from shared.kit.record import camel

MOST_PARTS = 100  # each costs about as much as fifty kilobytes of a file


class MalformedForm(BadRequest):
    message = "The body is not a valid multipart form."


def form(request: Request, limit: int) -> dict[str, Any]:
    """The form's fields by name; a file becomes what `Upload` reads."""
    from python_multipart import parse_form
    from python_multipart.exceptions import FormParserError

    found: dict[str, Any] = {}

    def keep(part: Any, value: Any) -> None:
        name = camel(part.field_name.decode())
        if name in found or len(found) >= MOST_PARTS:
            raise MalformedForm
        found[name] = value

    def on_field(part: Any) -> None:
        keep(part, (part.value or b"").decode())

    def on_file(part: Any) -> None:
        part.file_object.seek(0)
        keep(
            part,
            {
                "filename": (part.file_name or b"upload").decode(errors="replace"),
                "content_type": part.content_type or "application/octet-stream",
                "content": part.file_object.read(),
            },
        )

    body = request.body(limit + 64 * 1024)
    headers: dict[str, bytes] = {
        "Content-Type": request.environ["CONTENT_TYPE"].encode("latin-1"),
        "Content-Length": str(len(body)).encode(),
    }
    try:
        parse_form(headers, io.BytesIO(body), on_field, on_file)
    except (FormParserError, UnicodeDecodeError, ValueError):
        raise MalformedForm from None
    return found
