"""What a new module is known by on the whole platform: its name as a feature, and who may do what in it."""

import re
from pathlib import Path

from shared.auth.rbac import all_permissions
from shared.kit.features import MODULES as FEATURES
from tooling.command_failed import CommandFailed
from tooling.new.place import Place
from tooling.new.plan import Plan
from tooling.new.words import resembling

FEATURE_FILE, PERMISSION_FILE = Path("shared/kit/features.py"), Path("shared/auth/rbac.py")
PERMISSION = re.compile(r"[a-z_]{2,30}:[a-z_]{2,30}")
HELD_BY = {
    "editor": "WRITER",
    "city_admin": "OPERATOR",
    "super_city_admin": "OWNER",
    "super_admin": "PLATFORM",
}


def feature(plan: Plan, place: Place) -> None:
    """A module that the platform does not know yet becomes one that a city can switch on."""
    if place.module and place.module not in FEATURES:
        plan.insert(FEATURE_FILE, "]\nMODULES", f'    "{place.module}",\n')
        plan.left.append(f"{FEATURE_FILE}: {place.module} is new there; cities switch it on with update-city")


def permission(plan: Plan, name: str, held_by: str) -> None:
    """One that nobody holds yet; a CommandFailed where nobody says from which role on, or another is meant."""
    if not name or name in all_permissions():
        return
    if meant := resembling(name, all_permissions()):
        raise CommandFailed(f"Nobody holds the permission {name}, but there is {meant}: take that one.")
    if not PERMISSION.fullmatch(name):
        raise CommandFailed(f"{name} is no permission: THING:WHAT, defects:handle.")
    if held_by not in HELD_BY:
        raise CommandFailed(
            f"Nobody holds the permission {name} yet. --held-by ROLE makes it, for that role and those above: "
            f"{', '.join(HELD_BY)}."
        )
    text = plan.text(PERMISSION_FILE)
    start, end = text.index("Permission = Literal["), text.index("]\n", text.index("Permission = Literal["))
    names = sorted({*re.findall(r'"([a-z_:]+)"', text[start:end]), name})
    literal = "Permission = Literal[\n" + "".join(f'    "{each}",\n' for each in names)
    holders = rf"({HELD_BY[held_by]}: frozenset\[Permission\] = frozenset\(\s*\{{)"
    plan.files[PERMISSION_FILE] = re.sub(holders, rf'\1"{name}", ', text[:start] + literal + text[end:])
    plan.left.append(f"{PERMISSION_FILE}: {name} is new there, for {held_by} and above; is that right?")
