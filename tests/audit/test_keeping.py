"""Nothing personal gets into the log, from no event that there is and from none that is still to come."""

import importlib
import json
import pkgutil
from enum import Enum
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic.alias_generators import to_camel

import events
from events.auth import RoleChanged
from events.base import AnyEvent, Event
from events.core import ContentPublished, ListingApproved
from events.users import DeviceRegistered
from functions.audit.entries import allow_list
from functions.audit.entries.allow_list import kept, subject_of

PERSONAL = (
    "Anna Müller",
    "anna.mueller@example.org",
    "Hauptstraße 1",
    "69117 Heidelberg",
    "+49 6221 123456",
    "Mein Hund ist weg",
    "eyJhbGciOiJIUzI1NiJ9.e30.x",
    "fcm:APA91b",
    "1990-03-04",
    "DE89370400440532013000",
    "192.0.2.7",
    "<b>hallo</b>",
)
CLASSES = [
    cls
    for module in pkgutil.iter_modules(events.__path__)
    for cls in vars(importlib.import_module(f"events.{module.name}")).values()
    if isinstance(cls, type)
    and issubclass(cls, Event)
    and cls not in (Event, AnyEvent)
    and cls.__module__ == f"events.{module.name}"
]
each_class = pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
written = st.sampled_from(PERSONAL) | st.text(min_size=1)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | written,
    lambda inner: st.lists(inner) | st.dictionaries(written, inner),
    max_leaves=10,
)


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Every value that a field can have; texts are what people write."""
    parts = get_args(hint)
    if hint is str or hint is Any:
        return written
    if get_origin(hint) in (Union, UnionType):
        return st.one_of(*map(values_of, parts))
    if get_origin(hint) is list:
        return st.lists(values_of(parts[0]), max_size=3)
    if get_origin(hint) is dict:
        return st.dictionaries(written, values_of(parts[1]), max_size=3)
    return st.from_type(hint)


def wire(event: Event) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(event.model_dump_json(by_alias=True))
    return data


def is_harmless(key: str, value: Any) -> bool:
    """Said again in other words than the code's: an id under an id's name, or something from a list under a
    name from a list.
    """
    if isinstance(value, list):
        return all(is_harmless(key, one) for one in value)
    if isinstance(value, str) and key.endswith(("Id", "Ids", "By", "id")):
        return str(UUID(value)) == value
    if isinstance(value, str):
        return (
            key in allow_list.WORDS
            and value.isascii()
            and value == value.lower()
            and not set(value) & set(" @+/<>,;'\"\n")
        )
    return (
        key in allow_list.FLAGS
        if isinstance(value, bool)
        else key in allow_list.NUMBERS and type(value) is int
    )


@each_class
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_whatever_people_write_into_an_event_is_not_kept(cls: type[Event], data: st.DataObject) -> None:
    fields = {name: values_of(field.annotation) for name, field in cls.model_fields.items()}
    event = data.draw(st.builds(cls.model_construct, **fields))  # as it would be without what a field refuses
    left = kept(wire(event))
    assert all(is_harmless(key, value) for key, value in left.items())
    assert not any(text in json.dumps(left, ensure_ascii=False) for text in PERSONAL)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            [
                *sorted(allow_list.WORDS | allow_list.NUMBERS | allow_list.FLAGS),
                "id",
                "userId",
                "mediaIds",
                "requestedBy",
            ]
        )
        | written,
        anything,
    )
)
def test_neither_is_anything_from_an_event_that_nobody_knows_yet(data: dict[str, Any]) -> None:
    assert all(is_harmless(key, value) for key, value in kept(data).items())


@each_class
def test_every_id_of_an_event_is_kept(cls: type[Event]) -> None:
    for name, field in cls.model_fields.items():
        if UUID in (field.annotation, *get_args(field.annotation)):
            assert kept({to_camel(name): str(uuid4())}), (
                f"{cls.__name__}.{name} holds an id: its name has to end with _id, _ids or _by"
            )


@each_class
def test_every_flag_number_and_fixed_word_of_an_event_was_thought_about(cls: type[Event]) -> None:
    """A new one either goes on the list in keeping.py, or it says something about a person and goes here."""
    left_out: set[str] = set()
    shapes = {bool: allow_list.FLAGS, int: allow_list.NUMBERS}
    for name, field in cls.model_fields.items():
        hint, key = field.annotation, to_camel(name)
        fixed = get_origin(hint) is Literal or (isinstance(hint, type) and issubclass(hint, Enum))
        names = allow_list.WORDS if fixed else shapes.get(hint) if isinstance(hint, type) else None
        assert names is None or key in names or f"{cls.__name__}.{name}" in left_out, f"{cls.__name__}.{name}"


@pytest.mark.parametrize(
    ("event", "subject"),
    [
        (lambda i: ListingApproved(listing_id=i, title="x", contributor_id=uuid4()), "listing"),
        (lambda i: ContentPublished(kind="listing", content_id=i), "content"),
        (lambda i: RoleChanged(user_id=i, roles=["editor"]), "user"),
        (
            lambda i: DeviceRegistered(user_id=i, device_id="Annas iPhone", platform="apns", token="t" * 20),
            "user",
        ),
        (
            lambda i: DeviceRegistered(user_id=uuid4(), device_id=str(i), platform="apns", token="t" * 20),
            "device",
        ),
    ],
)
def test_an_event_is_about_what_its_name_says_or_else_about_its_first_id(event: Any, subject: str) -> None:
    identity = uuid4()
    happened = event(identity)
    assert subject_of(happened.topic, kept(wire(happened))) == (subject, str(identity))


def test_an_event_without_ids_is_about_something_all_the_same() -> None:
    assert subject_of("app_config.saved", {"appConfigId": "x"}) == ("app_config", "x")
    assert subject_of("chatbot.document.indexed", {"documentId": "x"}) == ("document", "x")
    assert subject_of("statistics.computed", {}) == ("statistics", None)
    assert subject_of("ping", {}) == ("ping", None)


def test_what_is_kept_has_the_same_text_for_every_reader() -> None:
    huge = {
        "count": 2**53,
        "size": 1.5,
        "version": 7,
        "pending": 1,
        "active": True,
        "status": "2026-03-04T10:00:00",
    }
    assert kept(huge) == {"version": 7, "active": True}
