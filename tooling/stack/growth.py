"""What the code has and the databases of a running stack lack: a new service's database, new migrations.

`python -m tooling.stack.growth`: what the gateway runs before it takes code that may need them.
"""

import fcntl
import sys

from tooling.command_failed import CommandFailed
from tooling.stack import records
from tooling.stack.home import Home
from tooling.stack.progress import Reporter, Terminal
from tooling.stack.services import embedded_postgres
from tooling.stack.state import State
from tooling.stack.steps import Steps
from tooling.stack.supervisor import Supervisor


def bring_in(home: Home, report: Reporter) -> None:
    """Make and migrate what is due, one process at a time; nothing where no stack runs.

    A CommandFailed names the migration that fails.
    """
    if not records.is_held(home):
        return
    with (home.run / "growing").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        settings, state = records.read_environment(home), State.read(home.state)
        is_ours = any(record.name == "postgres" for record in records.read(home))
        server = embedded_postgres(home, state, settings) if is_ours else None
        Steps(Supervisor(home, report), state, server, settings).lay_tables()
    report.settle()


def main() -> int:
    """1 with a sentence on stderr where something fails."""
    try:
        bring_in(Home.here(), Terminal())
    except CommandFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
