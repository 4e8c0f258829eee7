"""Each service is given the secrets that its functions read, and no others: derived from what they import."""

import re
from functools import lru_cache

import grimp
import pytest

from shared.settings import Settings
from tooling.generate.secrets import ADAPTERS, FOR_ALL, FOR_MIGRATION, USES, own
from tooling.registry import ROOT, records

SERVICES = sorted({record.service for record in records().values()})


@lru_cache(1)
def imports() -> grimp.ImportGraph:
    """Who imports whom, inside functions too."""
    return grimp.build_graph(
        "functions", "shared", "events", exclude_type_checking_imports=True, cache_dir=None
    )


def reached(service: str) -> set[str]:
    """The adapters that some function of the service can reach."""
    modules = {
        module
        for record in records().values()
        if record.service == service
        for module in imports().find_upstream_modules(record.module)
    }
    return modules & ADAPTERS.keys()


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_the_secrets_of_the_adapters_that_it_reaches_and_no_others(service: str) -> None:
    assert set(USES[service]) == reached(service)
    assert own(service) == tuple(sorted({name for adapter in reached(service) for name in ADAPTERS[adapter]}))


def test_there_is_no_service_that_does_not_exist() -> None:
    assert sorted(USES) == SERVICES
    assert own("nobody") == ()


def test_every_secret_is_a_setting_and_every_secret_setting_is_given_to_somebody() -> None:
    given = {*FOR_ALL, *FOR_MIGRATION, *(name for names in ADAPTERS.values() for name in names)}
    fields = {name.upper(): field for name, field in Settings.model_fields.items()}
    assert given - {"SENTRY_DSN"} - fields.keys() == set()
    assert {name for name, field in fields.items() if "SecretStr" in str(field.annotation)} - given == set()


def test_only_the_adapter_reads_its_secrets() -> None:
    sources = {
        path: path.read_text("utf-8")
        for folder in ("shared", "functions")
        for path in (ROOT / folder).rglob("*.py")
    }
    del sources[ROOT / "shared" / "settings.py"]
    for adapter, names in ADAPTERS.items():
        module = ROOT / adapter.replace(".", "/")
        for name in names:
            readers = {path for path, text in sources.items() if re.search(rf"\b{name.lower()}\b", text)}
            assert readers, name
            assert readers <= {module.with_suffix(".py"), module.parent / "__init__.py"}, name
