"""Tables for spreadsheets (RFC 4180), in which nothing is computed that somebody has written."""

import csv
import io
import json
from collections.abc import Iterable
from typing import Any

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # how a cell begins that a spreadsheet would compute


def written(rows: Iterable[Any]) -> bytes:
    """Rows as CSV."""
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def cell(value: Any) -> Any:
    """A value as a cell; a text that looks like a formula stays a text."""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
