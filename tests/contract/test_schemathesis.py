"""What the OpenAPI document says is what comes back, for whatever schemathesis thinks of, whoever asks."""

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok
from schemathesis.core.transport import Response
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.python._constants.orchestrator import make_constants_value_source
from schemathesis.specs.openapi.checks import positive_data_acceptance, status_code_conformance

from tests.adapters.running import ThirdParties
from tests.all_functions_app import DESCRIPTION, application
from tests.support import City
from tooling.generate.common import public
from tooling.registry import records
from tooling.stack.environment import entered

BOUNDS = settings(max_examples=4, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
REFUSALS = {
    "checks": {
        "negative_data_rejection": {
            "expected-statuses": [400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 428, 429]
        },
        "missing_required_header": {"expected-statuses": [400, 401, 403, 404, 409, 415, 422, 428, 429]},
    }
}
RANDOM_ONLY = REFUSALS | {"phases": {"coverage": {"enabled": False}}}
# a link in a mail leads on (302), or shows people a page that says where to look
FOR_PEOPLE = {"/l/{thing}/{thingId}": [status_code_conformance]}
NAMES = sorted(record.name for record in public(records().values()))


class Described:
    """Our description as schemathesis reads it.

    `schema.parametrize` would make up all cases of all functions when tests are collected, which every
    worker does; this one makes a function's cases when they are tried.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        self.schema = schemathesis.openapi.from_wsgi(
            DESCRIPTION, application, config=SchemathesisConfig.from_dict(config)
        )
        found = [each.ok() for each in self.schema.get_all_operations() if isinstance(each, Ok)]
        self.operations = {each.definition.raw["operationId"]: each for each in found}
        self.feedback = FeedbackSources(constants_value_source=make_constants_value_source(self.schema))
        load_all_checks()

    def compare(self, name: str, city: City, role: str) -> None:
        """A function with everything that is made up for it."""

        @BOUNDS
        def answered(case: schemathesis.Case[Any]) -> None:
            compare(case, city, role)

        build_operation_test(
            config=self.schema.config,
            operation=self.operations[name],
            test_func=answered,
            given_kwargs={},
            feedback=self.feedback,
        )()


@lru_cache
def described(*, thorough: bool) -> Described:
    """With boundary cases and examples, or only with what chance makes up."""
    return Described(REFUSALS if thorough else RANDOM_ONLY)


@pytest.fixture(scope="module")
def somewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """One city for all, with an object store: what one call makes, the next one finds."""
    servers = ThirdParties(tmp_path_factory.mktemp("thirdparty"))
    servers.start()
    with City.known("heidelberg") as made, entered(servers.environment()):
        yield made
    servers.stop()


def test_every_address_is_tried() -> None:
    assert (
        sorted(described(thorough=True).operations) == sorted(described(thorough=False).operations) == NAMES
    )


@pytest.mark.parametrize("name", NAMES)
def test_who_may_do_everything_is_answered_as_described(name: str, somewhere: City) -> None:
    described(thorough=True).compare(name, somewhere, "super_admin")


@pytest.mark.parametrize("role", ["city_admin", ""])
@pytest.mark.parametrize("name", NAMES)
def test_who_may_do_less_is_answered_as_described(name: str, role: str, somewhere: City) -> None:
    described(thorough=False).compare(name, somewhere, role)


def compare(case: schemathesis.Case[Any], city: City, role: str) -> None:
    """All of schemathesis' checks, but for what `valid_is_not_called_invalid` does better."""
    headers = {"X-Tenant-ID": city.tenant.slug} | (
        {"Authorization": f"Bearer {city.token(role)}"} if role else {}
    )
    case.call_and_validate(
        headers=headers,
        excluded_checks=[positive_data_acceptance, *FOR_PEOPLE.get(case.operation.path, [])],
        additional_checks=[valid_is_not_called_invalid],
    )


def valid_is_not_called_invalid(_: object, response: Response, case: schemathesis.Case[Any]) -> None:
    """Whatever JSON Schema can say of a field is said: only rules beyond it (`value_error`, or no type at
    all) are left.

    To JSON Schema 1.0 is an integer, to us it is none: `int_type`. What may be this or that is refused with a
    reason for each.
    """
    if case.meta and case.meta.generation.mode.is_positive and response.status_code in (400, 422):
        error = json.loads(response.content)["error"]
        assert error["code"] != "MALFORMED_JSON"
        reasons: dict[str, set[str]] = {}
        for each in error["details"].get("errors", ()):
            reasons.setdefault(each["field"].partition(".")[0], set()).add(each.get("type", "value_error"))
        assert all({"value_error", "int_type"} & kinds for kinds in reasons.values()), response.content
