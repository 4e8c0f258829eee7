"""One entry for every function: FUNCTION_TARGET=core.listings.approve_listing (or approve-listing) chooses
which; `core` is all of a service, `all` is everything (shared/runtime/gateway).

functions-framework --source shared/runtime/entry.py --target core.listings.approve_listing
python -m shared.runtime.server            # the same function on a leaner server
"""

import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:  # functions-framework loads this file by its path, as a top-level module
    sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    import flask

    from shared.kit.http import Environ, StartResponse
    from shared.runtime.pipeline import Function


ALL = "all"


class NoSuchFunction(Exception):
    """FUNCTION_TARGET names no function of ours."""


def is_several(target: str) -> bool:
    """Whether this names a folder of functions, or all of them."""
    return target == ALL or ROOT.joinpath("functions", *target.split(".")).is_dir()


def module_of(target: str) -> str:
    """The module of a function, by its target or by its deployed name."""
    if "." in target:
        return f"functions.{target}"
    found = list((ROOT / "functions").rglob(f"{target.replace('-', '_')}.py"))
    if len(found) != 1:
        raise NoSuchFunction(f"there is no function named {target!r}; `heidi functions list` shows all")
    return ".".join(found[0].relative_to(ROOT).with_suffix("").parts)


def load(target: str) -> "Function":
    """The function with its pipeline, ready to answer."""
    from shared.function import record_of
    from shared.kit.settings import settings
    from shared.runtime import required_secrets
    from shared.runtime.pipeline import Function
    from shared.sandbox import walls
    from shared.telemetry import metrics
    from shared.telemetry.logs import home, start_logging

    walls.unreadable()
    module = module_of(target)
    try:
        handler = getattr(importlib.import_module(module), module.rpartition(".")[2])
    except ModuleNotFoundError as error:
        if not module.startswith(str(error.name)):
            raise
        raise NoSuchFunction(f"there is no function {target!r}; `heidi functions list` shows all") from None
    required_secrets.check()
    start_logging(settings().log_level)
    function = Function(record_of(handler))
    metrics.identity[:] = [function.labels]
    home.update(function.names)
    return function


def application(function: "Function") -> Callable[["Environ", "StartResponse"], Any]:
    """A WSGI application that answers with one function."""
    from shared.kit.http import Request

    return lambda environ, start: function(Request(environ)).wsgi(start)


def __getattr__(name: str) -> Callable[["flask.Request"], "flask.Response"]:
    """functions-framework asks this module for its target by name; it gets a plain function."""
    if name.startswith("__") or ("." not in name and name != os.environ.get("FUNCTION_TARGET")):
        raise AttributeError(name)
    function = load(name)

    def target(request: "flask.Request") -> "flask.Response":
        import flask

        from shared.kit.http import Request

        answer = function(Request(request.environ))
        return flask.Response(answer.body, answer.status, answer.headers, content_type=answer.content_type)

    return target
