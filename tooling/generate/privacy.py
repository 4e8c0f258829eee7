"""docs/privacy.md: what personal data there is, where, why and how long, from the models' own words."""

import importlib
from collections.abc import Iterator, Mapping

from shared.db.privacy import Personal, Table
from shared.kit.record import Record
from tooling.generate.common import GENERATED
from tooling.registry import services

HEAD = f"""# What is held about people

{GENERATED.replace("the functions' records", "what the models say of themselves")}
It is the list of processing activities of GDPR Art. 30 as far as software can know it; a test compares it with all tables.

How it goes, for a person: `GET /api/users/me/export` gathers all of this from every service, without secrets such as hashes and
push tokens. `DELETE /api/users/me` ends the account at once; 30 days later every service deletes or anonymises its part, and
confirms it. Anonymised means: where the person stood, stands nobody. How it goes, for a city: export, then deletion.

| service | table | what | why | how long | on erasure |
| --- | --- | --- | --- | --- | --- |
"""
EVERYWHERE = """
## In every service

| table | what | how long |
| --- | --- | --- |
| `outbox` | events on their way to the broker, with what their receivers need of a person | until the broker takes them |
| `inbox` | ids of events that were handled | 7 days |
| `idempotency` | answers of calls that may be repeated, as they were given | 24 hours |
| `changes` | which fields of a row who changed, values of what is no person's or published | seconds; then in the audit |
| `usage` | what a city has used of its quotas; nothing about people | as long as the city |

Logs hold ids, never names or addresses, and are kept 30 days (requirements §16.1). Redis holds sessions, limits and marks by id,
and addresses only as keyed hashes, for as long as they count.
"""


def render(_: Mapping[str, Record]) -> str:
    """The whole page."""
    rows = "".join(row(service, table) for service, table in tables() if isinstance(table.privacy, Personal))
    return HEAD + rows + nothing() + EVERYWHERE


def tables() -> Iterator[tuple[str, Table]]:
    """Every table with what it holds, by service."""
    for service in services():
        models = importlib.import_module(f"functions.{service}.models").MODELS
        yield from ((service, Table.of(model)) for model in models)


def row(service: str, table: Table) -> str:
    """One table."""
    held = table.privacy
    assert isinstance(held, Personal)  # noqa: S101 (render has chosen)
    words = [f"`{column}`: {what}" for column, what in held.data.items()] + [
        f"`{column}`: id" for column in held.persons
    ]
    erasure = "rows are deleted" if held.on_erasure == "delete" else "nobody takes the person's place"
    blank = f"; emptied: {', '.join(f'`{column}`' for column in held.blank)}" if held.blank else ""
    return (
        f"| {service} | `{table.name}` | {'; '.join(words)} | {held.why} | {held.kept} | {erasure}{blank} |\n"
    )


def nothing() -> str:
    """The tables that hold nothing about people."""
    found = "".join(
        f"| {service} | `{table.name}` | {table.privacy.what} |\n"
        for service, table in tables()
        if not isinstance(table.privacy, Personal)
    )
    return f"\n## Tables that hold nothing about people\n\n| service | table | what instead |\n| --- | --- | --- |\n{found}"
