"""What the newcomer reads when everything is ready."""
import importlib
import importlib.util
from collections.abc import Mapping

TRY = "Try ./heidi demo, ./heidi status and ./heidi logs -f; ./heidi down stops it."


def welcome(environment: Mapping[str, str]) -> str:
    """What to open and how to log in; the second part is told by `tooling.seed`, who made the accounts."""
    rows = [("Platform", f"{environment['PUBLIC_URL']}/")]
    if environment.get("THIRDPARTY_PARTS"):
        rows.append(("Mails and pushes", f"http://127.0.0.1:{environment['INBOX_PORT']}/"))
    width = max(len(name) for name, _address in rows)
    addresses = "\n".join(f"  {name:<{width}}  {address}" for name, address in rows)
    return f"HEIDI is ready.\n\n{addresses}\n{logins()}\n{TRY}"


def logins() -> str:
    """Of the seeded city; empty until there is a seed."""
    if importlib.util.find_spec("tooling.seed") is None:
        return ""
    tell = getattr(importlib.import_module("tooling.seed"), "logins", None)
    return f"\n{tell()}\n" if tell else ""
