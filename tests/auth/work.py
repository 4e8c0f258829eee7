"""What a call costs, in things that take time: so that two calls can be compared without a clock."""

from collections.abc import Callable
from typing import Any

import bcrypt
import pytest

from shared.adapters import redis
from shared.db.sql import Sql


def cost(call: Callable[[], Any]) -> list[str]:
    """The hashes, Redis commands and round trips to Postgres that a call makes, in their order."""
    work: list[str] = []

    def noting(what: str, real: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *given, **more: work.append(what) or real(*given, **more)

    with pytest.MonkeyPatch.context() as watched:
        for owner, name in ((bcrypt, "hashpw"), (bcrypt, "checkpw"), (redis, "command"), (Sql, "send")):
            watched.setattr(owner, name, noting(name, getattr(owner, name)))
        # asks Redis every tenth time, whoever calls
        watched.setattr("shared.runtime.rate_limits.check", lambda *_, **__: {})
        call()
    return work
