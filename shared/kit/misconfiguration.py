"""A setting that is wrong is told apart from a dependency that is away: who is on call hears of it, once a
minute.
"""

import logging
import ssl
import time
from typing import Any

from shared.errors import Misconfigured

EVERY = 60.0  # seconds, for each dependency and process
REFUSALS = {
    "28P01": "refuses the password",
    "28": "does not know the user or refuses how it comes",
    "3D": "has no such database",
    "42": "does not give the user its rights",
}
log = logging.getLogger("heidi.settings")
said: dict[str, float] = {}


def misconfigured(dependency: str, error: BaseException, **facts: Any) -> Misconfigured:
    """The problem to answer with; the log says which dependency refuses us where, and why. `facts` hold no
    secret.
    """
    tell(f"{dependency} refuses our settings", dependency, error, **facts)
    problem = Misconfigured(dependency=dependency)
    problem.why = refusal(str(facts.get("sqlstate", "")), error)
    return problem


def tell(what: str, dependency: str, error: BaseException, **facts: Any) -> None:
    """One ERROR line a minute, whatever else happens to the dependency meanwhile."""
    now = time.monotonic()
    if now >= said.get(dependency, 0):
        said[dependency] = now + EVERY
        log.error(
            what,
            extra={
                "context": {
                    "dependency": dependency,
                    "problem": reason(error),
                    **{name: value for name, value in facts.items() if value},
                }
            },
        )


def refusal(sqlstate: str, error: BaseException) -> str:
    """For readiness, which strangers cannot ask: which setting it is, in a few words."""
    if caused_by_tls(error):
        return "its certificate or its encryption is not what our settings say"
    words = REFUSALS.get(sqlstate) or REFUSALS.get(sqlstate[:2], "refuses our password or our rights")
    return f"{words} ({sqlstate})" if sqlstate else words


def reason(error: BaseException) -> str:
    """What the other side said, in one line."""
    fields = error.args[0] if error.args else ""
    return str(fields.get("M", "") if isinstance(fields, dict) else error)[:300]


def caused_by_tls(error: BaseException | None) -> bool:
    """Whether a certificate or the encryption is behind it; libraries wrap that in errors of their own."""
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error is not None
