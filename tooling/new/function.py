"""A new function with all that it stands on."""

import re
from dataclasses import dataclass
from typing import Literal

from shared.kit.record import PLACEHOLDER
from shared.kit.record import camel as client_name
from tooling.command_failed import CommandFailed
from tooling.new import event as events
from tooling.new import mail, platform, service
from tooling.new import noun as nouns
from tooling.new.fields import PHOTO, Field
from tooling.new.noun import Noun
from tooling.new.place import Place
from tooling.new.plan import Plan
from tooling.new.words import article, camel, checked, snake, spoken
from tooling.registry import records

Form = Literal["create", "list", "get", "change", "delete", "on", "tick"]
ADDRESS = re.compile(r"/api(/[a-z0-9-]+|/\{[a-z_]+\})+")
TITLE = "title:line"
UPLOAD_RAISES = ["PhotoUnusable", "PayloadTooLarge", "MalwareFound", "NotScannable", "QuotaExceeded"]


@dataclass(frozen=True)
class Wanted:
    """What the command line says of a function."""

    name: str
    method: str = ""
    path: str = ""
    event: str = ""
    cron: str = ""
    emits: tuple[str, ...] = ()
    permission: str = ""
    public: bool = False
    fields: tuple[str, ...] = ()
    held_by: str = ""

    @property
    def form(self) -> Form:
        """Which of the forms it has."""
        if self.event or self.cron:
            return "on" if self.event else "tick"
        one = "{" in self.path
        forms: dict[str, Form] = {"get": "get" if one else "list", "delete": "delete"}
        return forms.get(self.method, "change" if one else "create")


def function(plan: Plan, place: Place, wanted: Wanted) -> None:
    """Write it; a CommandFailed for what does not fit."""
    refuse(place, wanted)
    platform.permission(plan, wanted.permission, wanted.held_by)
    noun = nouns.find(place, wanted.name) or absent(place, wanted)
    service.ensure(plan, place)
    if noun and not noun.is_there:
        nouns.write(plan, place, noun)
    for name in wanted.emits:
        if name not in events.known():
            events.event(plan, place, name, told(noun))
    write(plan, place, wanted, noun)


def refuse(place: Place, wanted: Wanted) -> None:
    """What would be refused later, by a test or by the generator, is refused now."""
    if not place.folders:
        raise CommandFailed("Say where: SERVICE/RESOURCE/VERB_NOUN, modules/defects/report_defect.")
    if "_" not in checked(wanted.name, "function"):
        raise CommandFailed(f"{wanted.name} is no verb and noun: report_defect, list_defects.")
    if sum(map(bool, (wanted.method, wanted.event, wanted.cron))) != 1:
        raise CommandFailed(
            "Say when it is called: one of --get, --post, --put, --patch, --delete, --on, --every."
        )
    if wanted.name.replace("_", "-") in records():
        raise CommandFailed(f"There is a function {wanted.name.replace('_', '-')} already.")
    if wanted.path:
        refuse_path(wanted)
    if wanted.event and wanted.event not in events.known():
        raise CommandFailed(f"Nobody says {wanted.event}: write it first, ./heidi new event.")
    if wanted.permission and wanted.public:
        raise CommandFailed("What is public asks for no permission: --requires or --public.")


def refuse_path(wanted: Wanted) -> None:
    """An address that is none, is taken, or names two things."""
    if not ADDRESS.fullmatch(wanted.path) or len(PLACEHOLDER.findall(wanted.path)) > 1:
        raise CommandFailed(f"{wanted.path} is no address: /api/defects or /api/defects/{{defect_id}}/close.")
    for record in records().values():
        if (record.method, record.path) == (wanted.method.upper(), wanted.path):
            raise CommandFailed(f"{record.method} {record.path} is answered already: by {record.name}.")


def absent(place: Place, wanted: Wanted) -> Noun | None:
    """The thing that a call brings along; what hears events may do without, a tick needs one to look at."""
    if wanted.form == "tick" or (wanted.form == "on" and not wanted.emits):
        raise CommandFailed(
            f"{place.folder} has nothing that {wanted.name} could be about (its tables.py). "
            "Begin with the function that makes one, and let the name end with it: remind_of_defects."
        )
    if wanted.form == "on":
        return None
    fields = [Field.parse(text) for text in wanted.fields or (TITLE,)]
    if not place.module and any(field.name == PHOTO for field in fields):
        raise CommandFailed(
            "Photos are written for modules; elsewhere by hand, as functions/users/profiles/upload_profile_photo.py does."
        )
    if all(field.name == PHOTO for field in fields):
        raise CommandFailed("Something is said beside the photo: --field title:line.")
    return nouns.new(place, wanted.name, fields, owned=not wanted.public)


def told(noun: Noun | None) -> list[str]:
    """What a new event says: whose it is, by ids."""
    if noun is None:
        return []
    return [f"{noun.name}_id: UUID", *(["created_by: UUID"] if noun.owned else [])]


def facts(place: Place, wanted: Wanted, noun: Noun | None) -> str:
    """What stands behind the address, the event or the schedule."""
    form, found = wanted.form, []
    is_upload, emits, raises = form == "create" and bool(noun and noun.photo), list(wanted.emits), []
    if is_upload or (form == "delete" and noun and noun.photo):
        emits.append("FilesAbandoned")
    if "{" in wanted.path:
        raises.append("NotFound")
    if is_upload:
        raises += UPLOAD_RAISES
    if status := {"create": 201, "delete": 204}.get(form):
        found.append(f"status={status}")
    if place.module and form not in {"on", "tick"}:
        found.append(f'feature="{place.module}"')
    if wanted.public:
        found.append("public=True")
    if is_upload:
        found.append("body_limit=BODY_LIMIT, memory=768, timeout=60")
    if emits:
        found.append(f"emits=[{', '.join(emits)}]")
    if raises:
        found.append(f"raises=[{', '.join(raises)}]")
    return "".join(f", {each}" for each in found)


def write(plan: Plan, place: Place, wanted: Wanted, noun: Noun | None) -> None:
    """The function and its test."""
    form, owned = wanted.form, bool(noun and noun.owned)
    if form == "tick" and noun:
        due(plan, place, noun)
    imports = [
        imported(place, name) for name in dict.fromkeys((*wanted.emits, *filter(None, [wanted.event])))
    ]
    body = body_of(plan, place, wanted, noun) if form == "change" and noun else ""
    by_event = (
        form == "on" and noun is not None and f"{noun.name}_id" in events.known()[wanted.event].model_fields
    )
    says = [said(plan, wanted, noun if form != "on" or by_event else None, name) for name in wanted.emits]
    values = {
        "name": wanted.name,
        "deployed": wanted.name.replace("_", "-"),
        "sentence": sentence(wanted, noun),
        "imports": imports,
        "package": place.package,
        "service": place.service,
        "module": place.module,
        "method": wanted.method,
        "path": wanted.path,
        "event": wanted.event,
        "cron": wanted.cron,
        "facts": facts(place, wanted, noun),
        "permission": wanted.permission,
        "public": wanted.public,
        "form": form,
        "hole": next(iter(PLACEHOLDER.findall(wanted.path)), ""),
        "body": body,
        "says": says,
    }
    values |= noun.values if noun else {"noun": "", "noun_class": "", "tables": "", "photo": None}
    if form == "on" and not by_event:
        values["noun_class"] = ""
    template = form if form in {"on", "tick"} else "function"
    plan.create(place.folder / f"{wanted.name}.py", template, **values)
    path = place.folder / f"{wanted.name}.py"
    plan.left.append(
        f"{path}: its first sentence, which is its summary everywhere; what it does beyond the usual"
    )
    if noun and (noun.owned or "{" in wanted.path):
        nouns.name(plan, place, noun)
    if noun and (form != "on" or by_event):
        test(plan, place, wanted, noun, values, owned=owned)
    else:
        plan.left.append(
            f"{place.tests}: its test, which only you can write: {wanted.event} says nothing of a thing here"
        )


def sentence(wanted: Wanted, noun: Noun | None) -> str:
    """`report_defect` → Report a defect."""
    verb, _, rest = wanted.name.partition("_")
    about = article(rest) if noun and rest == noun.name else spoken(rest)
    return f"{verb.capitalize()} {about}"


def imported(place: Place, name: str) -> str:
    """The import of an event, one that is there or one that is new."""
    found = events.known().get(name)
    return f"from {found.__module__ if found else place.events_package} import {name}"


def said(plan: Plan, wanted: Wanted, noun: Noun | None, name: str) -> str:
    """How an event is said here."""
    values = {}
    if noun:
        values = {f"{noun.name}_id": "row.id", **{field.name: f"row.{field.name}" for field in noun.fields}}
        values |= {"created_by": "row.created_by", "user_id": "row.created_by"} if noun.owned else {}
        values["template"] = f"{noun.name}_{wanted.name.partition('_')[0]}"
        texts = (f"row.{field.name}" for field in noun.fields if field.is_text and not field.optional)
        values["what"] = next(texts, "str(row.created_at.date())")
    elif wanted.event:
        values = {field: f"event.{field}" for field in events.known()[wanted.event].model_fields}
        values["template"] = wanted.name
        values["what"] = values.get("title", "ctx.tenant.name")
    if name not in events.known():
        keys = [line.partition(":")[0] for line in told(noun)]
        return events.emitted(name, {key: values[key] for key in keys})
    if name == events.REQUESTED:
        mail.text(plan, values["template"])
        values["kind"] = "reminder" if wanted.form == "tick" else "notice"
    return events.said(name, values)


def body_of(plan: Plan, place: Place, wanted: Wanted, noun: Noun) -> str:
    """What a change takes: some fields, all of them, or nothing where the address says what happens."""
    if not wanted.path.endswith("}") or wanted.method == "post":
        return ""
    if wanted.method == "put" and noun.photo:
        raise CommandFailed(f"A {noun.name} has a photo, which is not sent with every change: say --patch.")
    if wanted.method == "put":
        return f"{camel(noun.name)}In"
    path = place.folder / f"{noun.name}.py"
    name = f"{camel(noun.name)}Changes"
    if name not in plan.text(path):
        plan.append(path, "changes", **noun.values)
        plan.insert(path, "\nfrom ", "\nfrom shared.schema import NotNull")
    return name


def due(plan: Plan, place: Place, noun: Noun) -> None:
    """A column that says when something is to be done, where there is none, and who may see it."""
    path = place.folder / "tables.py"
    is_new = not any(field.name == "due_at" for field in noun.fields)
    nouns.migrate(plan, place, noun, "due_migration", add=is_new)
    if is_new:
        plan.files[path] = with_due(plan.text(path), camel(noun.name))
        plan.left.append(f"{path}: who sets due_at, and to when")


def with_due(text: str, name: str) -> str:
    """A file of tables in which a class has the column."""
    import ast

    [row] = [node for node in ast.parse(text).body if isinstance(node, ast.ClassDef) and node.name == name]
    last = max(node.end_lineno or 0 for node in row.body if isinstance(node, ast.AnnAssign))
    lines = text.splitlines(keepends=True)
    lines.insert(last, "    due_at: Mapped[datetime | None]\n")
    made = "".join(lines)
    return (
        made
        if "import datetime" in made or "date, datetime" in made
        else made.replace("\nfrom ", "\nfrom datetime import datetime\nfrom ", 1)
    )


def test(
    plan: Plan, place: Place, wanted: Wanted, noun: Noun, values: dict[str, object], *, owned: bool
) -> None:
    """A test that runs, and proves what the form promises."""
    form = wanted.form
    body = str(values["body"])
    required = [field for field in noun.fields if not field.optional] or list(noun.fields)
    shown = required if body.endswith("In") else required[:1]
    sample = ", ".join(f'"{client_name(field.name)}": {field.kind.sample}' for field in shown)
    role = role_of(wanted)
    hole = str(values["hole"])
    topics = [topic_of(name) for name in wanted.emits]
    more = {
        "test_sentence": sentence(wanted, noun),
        "role": role,
        "role_argument": f'"{role}"',
        "alone": owned and not wanted.permission,
        "address": wanted.path.replace(f"{{{hole}}}", f"{{{noun.name}_id}}"),
        "status": 204 if form == "delete" else 200,
        "code": snake(camel(noun.name)).upper(),
        "sample": f"{{{sample}}}" if body else "",
        "topics": topics,
        "sent": "SENT" if noun.photo else "WANTED",
        "event_arguments": arguments(wanted, noun),
        "fields": [TestField(*field, camel=client_name(field.name)) for field in noun.fields],
    }
    plan.create(place.tests / f"test_{wanted.name}.py", "test", **(values | more))
    if form == "on":
        path = place.tests / f"test_{wanted.name}.py"
        found = f"from tests.audit.log import said\nfrom tests.support import deliver\n{imported(place, wanted.event)}\n"
        plan.insert(path, "from typing import Any", found)


@dataclass(frozen=True)
class TestField:
    """A field with the name that clients have for it."""

    name: str
    kind: object
    optional: bool
    camel: str = ""


def topic_of(name: str) -> str:
    """What an event is called."""
    if found := events.known().get(name):
        return found.topic
    subject, _, happened = snake(name).rpartition("_")
    return f"{subject}.{happened}"


def role_of(wanted: Wanted) -> str:
    """Who calls it in the test: the least role that may."""
    from shared.auth.rbac import MATRIX

    ranked = ("citizen", "editor", "city_admin", "super_city_admin", "super_admin")
    if not wanted.permission:
        return "citizen"
    return next((role for role in ranked if wanted.permission in MATRIX[role]), wanted.held_by)


def arguments(wanted: Wanted, noun: Noun) -> str:
    """What the test says in an event: the thing's id, and anything else that must be there."""
    if not wanted.event:
        return ""
    samples = {"UUID": "uuid4()", "str": '"x"', "bool": "True", "int": "1"}
    found = []
    for key, field in events.known()[wanted.event].model_fields.items():
        if key == f"{noun.name}_id":
            found.append(f"{key}=UUID({key})")
        elif field.is_required():
            kind = getattr(field.annotation, "__name__", "")
            if kind not in samples:
                raise CommandFailed(
                    f"{wanted.event}.{key} is of a kind that no test can make up; write it by hand."
                )
            found.append(f"{key}={samples[kind]}")
    return ", ".join(found)
