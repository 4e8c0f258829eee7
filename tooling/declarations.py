"""What a function says of itself that cannot be meant: each mistake is a sentence which says what to write.

All of these were once accepted in silence, and came to light as a call that always fails, a schedule that never
comes, an answer that is never dropped from a cache.
"""

import inspect
from collections.abc import Iterator
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from shared.auth.rbac import all_permissions
from shared.context import Context
from shared.kit.cron import is_cron
from shared.kit.features import MODULES
from shared.kit.record import PLACEHOLDER, Load, Method, Published, Record
from shared.live import LIFE
from shared.runtime.binding import BODY_METHODS, Binding, is_model

LONGEST = 3600  # seconds that any of the platforms lets a call last
LEAST_MEMORY = 64  # MiB: less does not even hold Python and what each function imports


def misfits(record: Record) -> Iterator[str]:
    """What is wrong with one function."""
    if unreadable := list(unreadable_signature(record)):
        yield from unreadable
        return
    yield from wrong_values(record)
    yield from {"http": of_http, "event": of_event, "tick": of_tick}[record.kind](record)


def unreadable_signature(record: Record) -> Iterator[str]:
    """What keeps anybody from reading what it takes and gives."""
    if inspect.iscoroutinefunction(record.handler):
        yield "it is async: nobody awaits it, write a plain function"
    hints, (first, *others) = get_type_hints(record.handler), [*arguments(record), ""]
    if hints.get(first) is not Context:
        yield "its first parameter is `ctx: Context`"
    if unknown := [name for name in others[:-1] if name not in hints]:
        yield f"nothing says what its parameter {', '.join(unknown)} is: annotate it"
    if "return" not in hints:
        yield "nothing says what it returns: annotate it, `-> None` for nothing"


def wrong_values(record: Record) -> Iterator[str]:
    """Numbers that no platform takes, and words that nobody knows."""
    for name, value, least, most in (
        ("min_scale", record.min_scale, 0, 100),
        ("timeout", record.timeout, 1, LONGEST),
        ("memory", record.memory, LEAST_MEMORY, 32_768),
        ("status", record.status, 200, 399),
        ("body_limit", record.body_limit, 1, 1 << 30),
    ):
        if value is not None and not least <= value <= most:
            yield f"{name}={value} is not between {least} and {most}"
    for name in ("cache", "among", "tags"):
        if isinstance(getattr(record, name), str):
            yield f"{name} is a tuple: ({getattr(record, name)!r},)"
    for name, said, known in (
        ("scale_on", (record.scale_on,), get_args(Load)),
        ("cache", record.cache, get_args(Published)),
        ("method", (record.method,), get_args(Method)),
        ("feature", (record.feature,) if record.feature else (), MODULES),
    ):
        if not isinstance(said, str) and (strange := sorted({*said} - {*known})):
            yield f"{name} knows no {', '.join(strange)}, only {', '.join(sorted(known))}"


def of_http(record: Record) -> Iterator[str]:
    """What would make every call fail, or open what was to be shut."""
    yield from of_path(record)
    yield from of_door(record)
    yield from of_body(record)
    if record.cache and (record.method != "GET" or not record.access.public):
        yield "only what everyone may read is kept in caches: cache is for a public GET"
    if record.kept and (not record.cache or PLACEHOLDER.search(record.path)):
        yield "answers are kept by their query alone: kept is for a path without placeholders, and needs cache"
    if record.threads and (record.method != "GET" or record.timeout <= LIFE):
        yield f"it streams, so it is a GET whose timeout is longer than the {LIFE:.0f} seconds of a stream"
    if record.never_stored and record.method != "POST":
        yield "only the answer to a POST is ever stored: never_stored means nothing here"


def of_path(record: Record) -> Iterator[str]:
    """Addresses that nothing leads to."""
    holes = PLACEHOLDER.findall(record.path)
    if not record.path.startswith("/") or record.path.endswith("/"):
        yield f"its path {record.path!r} begins with a slash and ends without one"
    if set("{}") & set(PLACEHOLDER.sub("", record.path)):
        yield f"its path {record.path!r} holds a placeholder that is none: write {{listing_id}}"
    yield from (
        f"its path holds {{{name}}}, which is none of its parameters"
        for name in holes
        if name not in arguments(record)
    )
    if record.among and len(holes) != 1:
        yield f"among writes out its one placeholder, and it has {len(holes)}"


def of_door(record: Record) -> Iterator[str]:
    """Who may call, said twice or to nobody."""
    access = record.access
    doors = [name for name in ("permission", "signed_in", "public", "internal") if getattr(access, name)]
    if len(doors) > 1:
        yield f"it says twice who may call: {' and '.join(doors)}"
    if access.permission and access.permission not in all_permissions():
        yield f"nobody holds the permission {access.permission}"
    if record.by_secret and not access.public:
        yield "a secret opens a stranger's own thing, so everyone may call: by_secret goes with public=True"
    if record.by_secret and record.cache:
        yield "what a secret opens is kept by nobody: by_secret does not go with cache"
    if (access.public or access.internal) and (record.in_person or record.fresh_login):
        yield "in_person and fresh_login are about somebody who has logged in: write @signed_in or @requires"


def of_body(record: Record) -> Iterator[str]:
    """Bodies that nobody reads."""
    hints = get_type_hints(record.handler)
    bodies = [name for name in arguments(record) if is_model(hints[name])]
    if bodies and record.method not in BODY_METHODS:
        yield f"a {record.method} has no body: {', '.join(bodies)}"
    if len(bodies) > 1:
        yield f"a call has one body, and these are {len(bodies)}: {', '.join(bodies)}"
    if record.proof_of_work and not (
        record.access.public and record.method != "GET" and not record.tenantless
    ):
        yield "it asks for a proof of work, so it writes, in a city, and is public"
    if (record.form or record.any_field) and Binding.of(record).body is None:
        yield "it takes a form, and has no body"
    if record.status == 204 and hints["return"] is not type(None):
        yield "204 has no content, and it returns something"


def of_event(record: Record) -> Iterator[str]:
    """Events that reach a handler which is not made for them."""
    if not record.events:
        yield "it hears nothing: write @on(ListingCreated)"
        return
    others = arguments(record)[1:]
    if len(others) != 1:
        yield f"it takes the context and the event, and not {len(others)} things besides the context"
        return
    taken = members(get_type_hints(record.handler)[others[0]])
    if unread := [event.__name__ for event in record.events if not any(issubclass(event, t) for t in taken)]:
        yield f"it hears {', '.join(unread)}, and its parameter {others[0]} is none of them"


def of_tick(record: Record) -> Iterator[str]:
    """Schedules that never come."""
    if not is_cron(record.cron):
        yield f"{record.cron!r} is no moment that ever comes: five fields, or six with seconds first"
    if others := arguments(record)[1:]:
        yield f"a clock brings nothing along: it has no {', '.join(others)}"


def arguments(record: Record) -> list[str]:
    """The names of what it takes, the context among them."""
    return list(inspect.signature(record.handler).parameters)


def members(annotation: Any) -> tuple[type[Any], ...]:
    """The classes of which a parameter is one."""
    if get_origin(annotation) in (Union, UnionType):
        return tuple(each for part in get_args(annotation) for each in members(part))
    return (annotation,) if isinstance(annotation, type) else ()
