"""backup, restore: everything in one file, and back."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tooling.backup.archive import Manifest

NewFile = Annotated[
    Path | None, typer.Argument(help="Where to; without it `heidi-<time>.tar` here.", show_default=False)
]
OldFile = Annotated[Path | None, typer.Argument(help="What `backup` has made.", show_default=False)]
WithSecrets = Annotated[bool, typer.Option("--with-secrets", help="The sealing keys too.")]
Unencrypted = Annotated[
    bool, typer.Option("--unencrypted", help="No passphrase: whoever has the file has everything in it.")
]
Check = Annotated[
    bool, typer.Option("--check", help="Only say whether it could be brought back; touches nothing.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]
LoseSealed = Annotated[
    bool, typer.Option("--lose-sealed", help="Go on without the keys of what is sealed in it.")
]
AfterPointInTime = Annotated[
    bool,
    typer.Option(
        "--after-point-in-time",
        help="Without a file: put right what a database needs that something else has put back in time.",
    ),
]
Services = Annotated[
    list[str] | None, typer.Option("--service", "-s", help="With it: only this one's; repeatable.")
]
PASSPHRASES = ("BACKUP_PASSPHRASE", "HEIDI_BACKUP_PASSPHRASE")


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    panel = "Data"
    app.command(rich_help_panel=panel, epilog="Example: `./heidi backup --with-secrets monday.tar`")(backup)
    app.command(rich_help_panel=panel, epilog="Example: `./heidi restore --check monday.tar`")(restore)


def backup(
    file: NewFile = None, *, with_secrets: WithSecrets = False, unencrypted: Unencrypted = False
) -> None:
    """Save all databases as they are at one moment, and the files that their rows keep, while everything goes
    on running.

    The file is encrypted with a passphrase: BACKUP_PASSPHRASE, or asked. A file that comes and goes while the
    backup is made may be missing; `restore --check` says how many rows that concerns. A PostgreSQL of your
    own is asked as POSTGRES_SUPERUSER, with POSTGRES_SUPERUSER_PASSWORD.
    """
    from tooling.cli.engine import engine

    path = file or Path(f"heidi-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.tar")
    if unencrypted and with_secrets:
        raise typer.BadParameter("keys are saved under a passphrase only: leave --unencrypted out")
    passphrase = "" if unencrypted else asked(twice=True)
    say(engine("tooling.backup.local").backup(path.absolute(), passphrase, with_secrets=with_secrets))
    typer.echo(f"{path} · {path.stat().st_size / 1_000_000:.1f} MB")
    if not with_secrets:
        typer.secho(
            "The sealing keys are NOT in it: without ENCRYPTION_KEY, kept elsewhere, second factors in it are lost.",
            fg=typer.colors.YELLOW,
            err=True,
        )


def restore(
    file: OldFile = None,
    *,
    check: Check = False,
    yes: Yes = False,
    lose_sealed: LoseSealed = False,
    after_point_in_time: AfterPointInTime = False,
    service: Services = None,
) -> None:
    """Put a backup in the place of what is there; should it fail, what is there stays as it was.

    Everybody has to log in again. An older backup is migrated, one from a newer HEIDI refused. Restore only
    files that you trust: a dump may hold commands.
    """
    from tooling.cli.engine import engine

    if after_point_in_time == bool(file):
        raise typer.BadParameter("name a file, or say --after-point-in-time")
    local = engine("tooling.backup.local")
    if file is None:
        say_ended(local.after_point_in_time(service or []))
        return
    passphrase = asked() if given() or needs_passphrase(file) else ""
    say(local.check(file, passphrase))
    if check:
        typer.echo("It can be brought back.")
        return
    if not yes:
        typer.confirm("Replace everything that is there?", abort=True)
    done = local.restore(file, passphrase, lose_sealed=lose_sealed)
    typer.echo(f"Restored, with {done.files} files; {done.strays} that belong to no row were removed.")
    say_missing(done.missing)
    say_ended(done.ended)


def asked(*, twice: bool = False) -> str:
    """The passphrase, from the environment or the terminal."""
    return given() or str(
        typer.prompt("Passphrase of the backup", hide_input=True, confirmation_prompt=twice)
    )


def given() -> str:
    """The environment's passphrase."""
    return next(filter(None, map(os.environ.get, PASSPHRASES)), "")


def needs_passphrase(file: Path) -> bool:
    """Whether the file, or the keys in one that is not sealed itself, open with a passphrase only."""
    from tooling.backup.archive import reading
    from tooling.backup.envelope import is_sealed
    from tooling.backup.secrets import MEMBER

    if is_sealed(file):
        return True
    with reading(file) as archive:
        return MEMBER in archive.manifest.members


def say(manifest: "Manifest") -> None:
    """What a backup holds."""
    typer.echo(
        f"Made {manifest.made_at} by HEIDI {manifest.version} from PostgreSQL {manifest.postgres}: "
        f"{len(manifest.databases)} databases, {len(manifest.files)} files, "
        f"sealing keys {'inside' if 'secrets.json' in manifest.members else 'not inside'}."
    )
    say_missing(manifest.missing)


def say_missing(missing: dict[str, int]) -> None:
    """Rows that came without their file: what they show is broken until somebody hands it in again."""
    if missing:
        said = ", ".join(f"{service} {number}" for service, number in missing.items())
        typer.secho(f"Rows without their file: {said}.", fg=typer.colors.YELLOW, err=True)


def say_ended(ended: dict[str, int]) -> None:
    """What nobody can go on with."""
    words = ", ".join(f"{number} {table.replace('_', ' ')}" for table, number in ended.items())
    typer.echo(f"Everybody has to log in again. Ended: {words or 'nothing'}.")
