"""A city's mandatory terms are known to every function as soon as they are published."""

from tests.auth.people import said
from tests.city.factories import registered, resolved
from tests.support import City, deliver


def published(made: City, version: int, *, mandatory: bool = True) -> int:
    """The version in force after this one was published."""
    event = said(made, "terms.published", {"termsVersion": version, "mandatory": mandatory})
    assert deliver("follow-terms", event).status == 204
    return resolved(made.tenant.slug).terms


def test_mandatory_terms_are_known_at_once_and_others_change_nothing(city: City) -> None:
    with registered(city) as made:
        assert made.tenant.terms == 0
        assert published(made, 1) == 1
        assert published(made, 2, mandatory=False) == 1
        assert published(made, 3) == 3


def test_an_older_version_that_arrives_late_does_not_come_back(city: City) -> None:
    with registered(city) as made, registered(city) as other:
        assert published(made, 3) == 3
        assert published(made, 2) == 3
        assert resolved(other.tenant.slug).terms == 0
