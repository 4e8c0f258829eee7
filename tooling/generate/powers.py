"""docs/reference/powers.md: which secrets each function is given, by what it can do."""

from collections.abc import Mapping

from shared.kit.record import Record
from tooling.generate.common import GENERATED, by_service
from tooling.generate.secrets import Power, powers, secret, used

HEAD = f"""# What each function can do that takes a secret

{GENERATED} docs/guides/least-power.md says what the columns mean. Besides, each has `heidi-secrets` (Redis, the public keys that
check tokens, a hash of the broker's token, the token with which functions ask each other) and its service's role in its service's
database.

"""


def render(records: Mapping[str, Record]) -> str:
    """What the powers take, then a table per service."""
    columns = used(records.values())
    takes = [["power", "Secret", "settings"], ["---", "---", "---"]]
    takes += [
        [power.name, f"`{secret(power)}`", ", ".join(f"`{name}`" for name in power.settings)]
        for power in columns
    ]
    parts = [
        f"\n## {service}\n\n{rows(table(group, columns))}"
        for service, group in by_service(records.values()).items()
    ]
    return HEAD + rows(takes) + "".join(parts)


def table(records: list[Record], columns: list[Power]) -> list[list[str]]:
    """One service's functions."""
    head = [["function", *(power.name for power in columns)], ["---", *(":-:" for _ in columns)]]
    return head + [
        [f"`{record.name}`", *("●" if power in powers(record) else "" for power in columns)]
        for record in records
    ]


def rows(cells: list[list[str]]) -> str:
    """In Markdown."""
    return "".join("| " + " | ".join(row) + " |\n" for row in cells)
