"""What Postgres refuses, as a problem that a person can act on (SQLSTATE, Appendix A of its manual)."""

from shared.db.pg import LOST, error_code
from shared.errors import Busy, Conflict, Invalid, Problem, Unavailable


class AlreadyExists(Conflict):
    message = "There is already one like this."


class ReferenceMissing(Invalid):
    message = "Something that this refers to does not exist."


class ValueRefused(Invalid):
    message = "The database refuses a value: it is out of range or not well-formed."


BY_SQLSTATE: dict[str, type[Problem]] = {
    "23505": AlreadyExists,
    "23503": ReferenceMissing,
    "23514": ValueRefused,
    "22": ValueRefused,
    "55P03": Busy,
    "40": Unavailable,
    "53": Unavailable,
    "57": Unavailable,
    "08": Unavailable,
}


def foreseen(error: Exception) -> Problem | None:
    """The problem behind an exception that somebody foresaw, whether a driver or the ORM has raised it."""
    if isinstance(error, Problem):
        return error
    origin = getattr(error, "orig", None) or error
    state = error_code(origin)
    kind = BY_SQLSTATE.get(state) or BY_SQLSTATE.get(state[:2])
    if kind:
        return kind()
    if isinstance(origin, LOST) and type(origin).__module__.startswith(("pg8000", "builtins")):
        return Unavailable()
    return None
