"""What the models say about people is true of the tables: no column that nobody thought about, no age that is
not kept.
"""

import importlib
import re

import pytest

from shared.db.orm import TenantModel
from shared.db.privacy import Personal, Table
from shared.kit.settings import settings
from shared.personal_data import PLATFORM_TABLES
from tests.support import superuser
from tooling.generate.privacy import tables
from tooling.registry import ROOT, services

HELD = {(service, table.name): table.privacy for service, table in tables()}
PERSONAL = {key: held for key, held in HELD.items() if isinstance(held, Personal)}
EXEMPT = {*PLATFORM_TABLES, "usage", "alembic_version"}
COLUMNS = """SELECT c.relname, a.attname, format_type(a.atttypid, NULL) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped"""
TEXTS = {"text", "jsonb", "json", "text[]", "bytea", "character varying"}
A_PERSON = re.compile(r"(account|user|person|actor|impersonator|contributor|author|owner)_id|.*_by")

A_SECRET = re.compile(r"(password|secret|token|code|device|previous)_hash|secret|pending|token|private_key")


def columns(service: str) -> list[list[str]]:
    with superuser(settings().postgres_database_prefix + service) as connection:
        return [row for row in connection.run(COLUMNS) if row[0] not in EXEMPT]


@pytest.mark.parametrize("service", services())
def test_every_table_says_what_it_holds_and_every_model_is_on_the_list(service: str) -> None:
    assert {row[0] for row in columns(service)} == {name for owner, name in HELD if owner == service}
    for path in (ROOT / "functions" / service).rglob("tables.py"):
        importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    listed = {Table.of(model).name for model in importlib.import_module(f"functions.{service}.models").MODELS}
    mapped = {
        m.class_.__tablename__
        for m in TenantModel.registry.mappers
        if m.class_.__module__.startswith(f"functions.{service}.")
    }
    assert mapped <= listed


@pytest.mark.parametrize("service", services())
def test_every_text_is_either_personal_or_said_to_be_plain(service: str) -> None:
    for table, column, kind in columns(service):
        held = HELD[service, table]
        if isinstance(held, Personal) and kind in TEXTS:
            assert column in {*held.data, *held.plain, *held.hidden}, (
                f"{service}.{table}.{column}: whose is it?"
            )


@pytest.mark.parametrize("service", services())
def test_every_id_of_a_person_is_a_link_that_erasure_follows(service: str) -> None:
    for table, column, kind in columns(service):
        held = HELD[service, table]
        if kind == "uuid" and A_PERSON.fullmatch(column):
            assert isinstance(held, Personal), f"{service}.{table}.{column}: whose is it?"
            assert column in held.persons or held.whose, (
                f"{service}.{table}.{column}: erasing the person leaves it"
            )


@pytest.mark.parametrize(("service", "table"), PERSONAL)
def test_what_is_said_of_a_table_is_there(service: str, table: str) -> None:
    held, real = PERSONAL[service, table], {row[1] for row in columns(service) if row[0] == table}
    assert {*held.persons, *held.data, *held.plain, *held.hidden, *held.blank} <= real


@pytest.mark.parametrize("service", services())
def test_what_proves_who_somebody_is_is_never_handed_out(service: str) -> None:
    for table, column, _ in columns(service):
        if A_SECRET.fullmatch(column):
            assert column in HELD[service, table].hidden, f"{service}.{table}.{column} would be in an export"


@pytest.mark.parametrize(("service", "table"), HELD)
def test_an_age_that_is_promised_is_kept_by_the_database(service: str, table: str) -> None:
    with superuser(settings().postgres_database_prefix + service) as connection:
        policies = connection.run(
            "SELECT qual FROM pg_policies WHERE tablename = :table AND policyname = 'prune'", table=table
        )
    promised = HELD[service, table].expires
    assert [bool(promised)] == [bool(policies)]
    assert not promised or f"'{promised}'::interval" in policies[0][0]
