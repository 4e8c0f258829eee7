"""A new service, and a new module in the service of modules: folders, keepers, first migration."""

from pathlib import Path

from shared.i18n import MODULES
from tooling.command_failed import CommandFailed
from tooling.new import platform
from tooling.new.place import Place
from tooling.new.plan import Plan
from tooling.new.words import spoken

KEEPERS = {
    "erase": (
        "eraser",
        "Erase what the {} service holds about a person whose time is up, or of a city that is gone",
    ),
    "export": ("exporter", "Hand out what the {} service holds about a person, or of a whole city"),
}
PHOTOS = {  # of all modules
    "files": "module_files",
    "collect_stray_module_photos": "module_strays",
    "get_modules_usage": "module_usage",
}


def service(plan: Plan, place: Place) -> None:
    """What a service has before it has a function: a database, and what empties it."""
    home = Path("functions", place.service)
    if plan.has(home):
        raise CommandFailed(f"{home} is there already.")
    plan.create(home / "__init__.py", "package", what=f"The {place.service} service")
    plan.create(home / "models.py", "service_models", modules=place.service == MODULES)
    for verb, (maker, sentence) in KEEPERS.items():
        name = f"{verb}_{place.service}_data"
        files = place.service == MODULES and maker == "eraser"
        values = {"service": place.service, "maker": maker, "name": name, "files": files}
        plan.create(home / f"{name}.py", "keeper", sentence=sentence.format(place.service), **values)
    plan.create(home / "migrations" / "versions" / "0001_platform.py", "first_migration")
    plan.ensure(Path("tests", place.service, "__init__.py"), "package", what=f"The {place.service} service")
    if place.service == MODULES:
        for name, form in PHOTOS.items():
            plan.create(home / f"{name}.py", form)
    plan.left.append(
        f"{home}/__init__.py: what the {place.service} service is about; a line in docs/architecture.md"
    )


def module(plan: Plan, place: Place) -> None:
    """What a module has before it has a function; the first one brings its service along."""
    if not place.module:
        raise CommandFailed(f"A module is called {MODULES}/NAME.")
    if plan.has(place.home / "__init__.py"):
        raise CommandFailed(f"{place.home} is there already.")
    platform.feature(plan, place)
    if not plan.has(Path("functions", place.service)):
        service(plan, place)
    words = spoken(place.module).capitalize()
    plan.create(place.home / "__init__.py", "package", what=f"{words}: a module that a city switches on")
    plan.create(place.home / "models.py", "module_models")
    plan.ensure(place.tests / "__init__.py", "package", what=f"{words}: a module that a city switches on")


def ensure(plan: Plan, place: Place) -> None:
    """The place with all that it stands on."""
    if place.module and not plan.has(place.home / "__init__.py"):
        module(plan, place)
    elif not plan.has(Path("functions", place.service)):
        service(plan, place)
    plan.ensure(place.folder / "__init__.py", "package", what=spoken(place.folders[-1]).capitalize())
    plan.ensure(place.tests / "__init__.py", "package", what=spoken(place.tests.name).capitalize())
