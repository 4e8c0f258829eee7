"""Multipart forms: fields as texts, files as uploads, within a size limit."""

import io
from typing import Any

from shared.kit.forms import Fields, MalformedForm
from shared.kit.http import Request


def form(request: Request, limit: int) -> Fields:
    """The form's fields by name; a file becomes what `Upload` reads."""
    from python_multipart import parse_form
    from python_multipart.exceptions import FormParserError

    found = Fields()

    def on_field(part: Any) -> None:
        found.add(part.field_name.decode(), (part.value or b"").decode())

    def on_file(part: Any) -> None:
        part.file_object.seek(0)
        found.add(
            part.field_name.decode(),
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
