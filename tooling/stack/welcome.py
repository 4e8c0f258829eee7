"""What the newcomer reads when everything is ready."""

from tooling.stack.home import Home

TRY = "Try ./heidi demo, ./heidi status and ./heidi logs -f; ./heidi welcome says this again, ./heidi down stops everything."


def welcome(home: Home) -> str:
    """What to open and how to log in, as `tooling.seed` told it; kept in a file, for telling is slow."""
    try:
        told = home.welcome.read_text().strip()
    except FileNotFoundError:
        told = ""
    return "\n\n".join(filter(None, ("HEIDI is ready.", told, TRY)))
