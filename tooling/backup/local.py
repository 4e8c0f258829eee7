"""The local stack's backups: what `up` runs is stopped while its databases are exchanged; and servers that
settings name.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import UUID

from shared.kit.settings import settings
from tooling import city_residue as remains
from tooling import sealed
from tooling.backup import aftercare, restoration
from tooling.backup.archive import Manifest, Reader, reading
from tooling.backup.dump import take
from tooling.backup.restoration import Restored
from tooling.backup.server import Server
from tooling.command_failed import CommandFailed
from tooling.stack import control, databases, once, ports, records, up
from tooling.stack.environment import POSTGRES, entered, environment, ours
from tooling.stack.home import Home
from tooling.stack.progress import Terminal
from tooling.stack.services import FOUNDATION, Services, embedded_postgres
from tooling.stack.state import MAKERS, State
from tooling.stack.steps import Steps
from tooling.stack.supervisor import Supervisor

OUT_OF_DATE = ("jwt_keys", "jwt_refresh")  # whatever was signed before is not believed after


def backup(path: Path, passphrase: str = "", *, with_secrets: bool = False) -> Manifest:
    """Of the running stack, or of the server that the settings name."""
    home, mine = Home.here(), ours(POSTGRES)
    with entered(control.running_environment(home)):
        return take(present(home, mine=mine), path, passphrase, with_secrets=with_secrets)


def check(path: Path, passphrase: str = "") -> Manifest:
    """Whether the file could be brought back here; touches nothing."""
    with reading(path, passphrase) as archive:
        restoration.check(archive)
        restoration.opened(archive, passphrase)
        return archive.manifest


def restore(path: Path, passphrase: str = "", *, lose_sealed: bool = False) -> Restored:
    """Check, then exchange; the local stack runs again afterwards if it ran before."""
    with reading(path, passphrase) as archive:
        restoration.check(archive)
        found = restoration.opened(archive, passphrase).get("ENCRYPTION_KEY", "")
        if ours(POSTGRES):
            return restore_here(Home.here(), archive, found, lose_sealed=lose_sealed)
        with entered({}):
            if not lose_sealed:
                restoration.require_keys(archive.manifest, settings().encryption_key.get_secret_value())
            return restoration.bring_back(Server.named(), archive)


def restore_here(home: Home, archive: Reader, found: str, *, lose_sealed: bool) -> Restored:
    """With nothing running but the servers themselves."""
    state = State.ensure(home.state) if home.state.exists() else State.ensure(prepared(home).state)
    openers = ",".join(
        dict.fromkeys([*environment(state)["ENCRYPTION_KEY"].split(","), *filter(None, found.split(","))])
    )
    if not lose_sealed:
        restoration.require_keys(archive.manifest, openers)
    ran = control.stop(home)
    with serving(prepared(home), state) as server:

        def believe_the_old_key_and_no_old_token() -> None:
            state.secrets |= {"encryption": openers, **{name: MAKERS[name]() for name in OUT_OF_DATE}}
            state.write(home.state)

        restored = restoration.bring_back(server, archive, believe_the_old_key_and_no_old_token)
        Steps(Supervisor(home, Terminal()), state, embedded_postgres(home, state), environment(state)).skip()
    if ran:
        up.in_background()
    return restored


@contextmanager
def serving(home: Home, state: State) -> Iterator[Server]:
    """PostgreSQL with its roles, Redis and the object store, for as long as the block lasts."""
    try:
        with records.holding(home), ExitStack() as stack:
            given = environment(state)
            plan = Services.plan(home, state, given)
            if plan.postgres is None:
                raise CommandFailed("The settings name a PostgreSQL of somebody else's.")
            foundation = plan.named(*FOUNDATION)
            ports.require_free([variable for service in foundation for variable in service.ports])
            for service in foundation:
                stack.enter_context(once.running(service, home.logs))
            databases.prepare(plan.postgres, databases.passwords(state), [])
            stack.enter_context(entered(given))
            yield Server.embedded(plan.postgres)
    except records.AlreadyRunning:
        raise CommandFailed(up.already_running(home)) from None


def after_point_in_time(services: list[str]) -> dict[str, int]:
    """What `restore` does in the end, for databases that something else has put back in time; all by default."""
    home, mine = Home.here(), ours(POSTGRES)
    with entered(control.running_environment(home)):
        server = present(home, mine=mine)
        ended = aftercare.settle(server, services or server.services())
        aftercare.forget()
        return ended


def reseal() -> int:
    """Change everything sealed to the first key of ENCRYPTION_KEY; how many values that were."""
    home, mine = Home.here(), ours(POSTGRES)
    with entered(control.running_environment(home)):
        return sealed.reseal(present(home, mine=mine))


def left(city: UUID) -> list[tuple[str, int]]:
    """What there still is of a city (tooling/left.py)."""
    home, mine = Home.here(), ours(POSTGRES)
    with entered(control.running_environment(home)):
        return list(remains.left(present(home, mine=mine), city))


def present(home: Home, *, mine: bool) -> Server:
    """The running stack's server, or the one that the settings name."""
    return Server.embedded(embedded_postgres(home, State.read(home.state))) if mine else Server.named()


def prepared(home: Home) -> Home:
    """With its directories, on a machine where nothing ran yet too."""
    home.prepare()
    return home
