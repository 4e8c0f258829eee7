"""What a function is about: the thing in its folder that is there already, or a new one with its table."""

import ast
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tooling.new.fields import KINDS, PHOTO, RESERVED, Field
from tooling.new.place import Place
from tooling.new.plan import Plan
from tooling.new.words import article, camel, plural, singular, snake, spoken
from tooling.registry import ROOT
from tooling.texts import TRANSLATED


class Noun(NamedTuple):
    """A thing: `defect`, its table, and the module of its row."""

    name: str
    table: str
    tables: str
    fields: tuple[Field, ...]
    owned: bool
    is_there: bool = True
    photo: Field | None = None  # shared/photos.py

    @property
    def values(self) -> dict[str, object]:
        """What the forms want to know."""
        return {
            "noun": self.name,
            "noun_class": camel(self.name),
            "noun_words": spoken(plural(self.name)),
            "noun_class_words": spoken(self.name).capitalize(),
            "a_noun": article(self.name),
            "table": self.table,
            "tables": self.tables,
            "fields": self.fields,
            "owned": self.owned,
            "photo": self.photo,
        }


def find(place: Place, function: str) -> Noun | None:
    """The thing in this folder that a function's name ends with; of several the longest."""
    path = ROOT / place.folder / "tables.py"
    if not path.is_file():
        return None
    about = function.partition("_")[2]
    found = [each for each in read(path, place) if about.endswith((each.name, plural(each.name)))]
    return max(found, key=lambda each: len(each.name), default=None)


def read(path: Path, place: Place) -> list[Noun]:
    """The rows in a file of tables."""
    return [
        Noun(
            snake(node.name),
            table[1],
            f"{place.package}.tables",
            tuple(columns(node, path.with_name(f"{snake(node.name)}.py"))),
            "created_by: Mapped[UUID]" in ast.unparse(node),
            photo=photo_of(node, path.with_name(f"{snake(node.name)}.py")),
        )
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef)
        and (table := re.search(r"__tablename__ = '(\w+)'", ast.unparse(node)))
    ]


def photo_of(row: ast.ClassDef, schemas: Path) -> Field | None:
    """The photo of a row that has one: whether clients must send it, their schema says."""
    sent = dict(annotations(schemas, f"{row.name}In")).get(PHOTO, "None")
    has_one = "Photographed" in map(ast.unparse, row.bases)
    return Field(PHOTO, KINDS[PHOTO], "None" in sent) if has_one else None


def columns(row: ast.ClassDef, schemas: Path) -> list[Field]:
    """Its columns of kinds that forms know: as clients send them where they do, else by their type."""
    sent = dict(annotations(schemas, f"{row.name}In"))
    found = []
    for name, column in assigned(row):
        said = sent.get(name, column.removeprefix("Mapped[").removesuffix("]"))
        one = said.removesuffix(" | None")
        kind = next((kind for kind in KINDS.values() if one in (kind.schema, kind.python)), None)
        if kind and name not in RESERVED:
            found.append(Field(name, kind, one != said))
    return found


def annotations(path: Path, name: str) -> Iterator[tuple[str, str]]:
    """The fields of one class in a file, which may not be there."""
    for node in ast.parse(path.read_text("utf-8")).body if path.is_file() else ():
        if isinstance(node, ast.ClassDef) and node.name == name:
            yield from assigned(node)


def assigned(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    """A class's fields with their annotations."""
    for each in node.body:
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
            yield each.target.id, ast.unparse(each.annotation)


def new(place: Place, function: str, fields: Sequence[Field], *, owned: bool) -> Noun:
    """One that is not there yet: `report_defect` and `list_defects` are about a defect."""
    name = singular(function.partition("_")[2])
    table = plural(name)
    if place.module and not table.startswith(place.module.removesuffix("s")):
        table = f"{place.module}_{table}"  # modules share a database
    photo = next((field for field in fields if field.name == PHOTO), None)
    others = tuple(field for field in fields if field is not photo)
    return Noun(name, table, f"{place.package}.tables", others, owned, is_there=False, photo=photo)


def write(plan: Plan, place: Place, noun: Noun) -> None:
    """Its schemas, its row, its migration, its place among the models, and a trace of it for tests/privacy."""
    tables = place.folder / "tables.py"
    plan.create(place.folder / f"{noun.name}.py", "noun", **noun.values)
    plan.ensure(tables, "tables", **noun.values)
    plan.append(tables, "table", **noun.values)
    migrate(plan, place, noun, "migration", what=f"{noun.values['noun_class_words']}s")
    models = place.home / "models.py"
    plan.files[models] = listed(plan.text(models), f"{place.package}.tables", camel(noun.name))
    if noun.owned:
        plan.create(place.tests / f"{noun.name}_traces.py", "traces", service=place.service, **noun.values)
        plan.left.append(
            f"{tables}: privacy — why it is held (GDPR Art. 6), for how long, delete or anonymise"
        )
    else:
        plan.left.append(f"{tables}: privacy — says that it holds nothing about people; is that so?")


def name(plan: Plan, place: Place, noun: Noun) -> None:
    """What it is called when it is not found: in English by its name, in the other languages awaited."""
    folder = place.home / "texts"
    for language in TRANSLATED:
        path = folder / f"{language}.json"
        said = json.loads(plan.text(path) or "{}")
        if camel(noun.name) not in said:
            said = dict(sorted({**said, camel(noun.name): None}.items()))
            plan.files[path] = json.dumps(said, ensure_ascii=False, indent=2) + "\n"
            plan.left.append(f"{folder}/*.json: what {article(noun.name)} is called; null says it is awaited")


def listed(text: str, module: str, name: str) -> str:
    """A file of models with one more."""
    made = re.sub(r"(?m)^(MODELS(?:: Models)? = \()(?=\S)(?!\n)", r"\1", text)
    made = re.sub(r"(?m)^(MODELS(?:: Models)? = \()", rf"\1{name}, ", made)
    return re.sub(r'\A("""(?:.|\n)*?"""\n)', rf"\1\nfrom {module} import {name}\n", made)


def migrate(plan: Plan, place: Place, noun: Noun, form: str, **values: object) -> None:
    """The next migration of a service; a module's follow each other beside those of other modules."""
    folder = Path("functions", place.service, "migrations", "versions")
    prefix = f"{place.module}_" if place.module else ""
    there = {path.name for path in (ROOT / folder).glob("*.py")} | {
        path.name for path in plan.files if path.parent == folder
    }
    numbers = [int(found[1]) for name in there if (found := re.match(rf"{prefix}(\d{{4}})[_.]", name))]
    number = max(numbers, default=0)
    down = f"{prefix}{number:04}" if number else "0001"
    revision = f"{prefix}{number + 1:04}"
    plan.create(
        folder / f"{revision}_{noun.table if form == 'migration' else 'due'}.py",
        form,
        revision=revision,
        down=down,
        **noun.values,
        **values,
    )
