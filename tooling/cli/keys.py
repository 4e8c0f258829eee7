"""keys new, public, reseal, vapid: what access tokens are signed with, and pushes to browsers."""

from enum import StrEnum
from typing import Annotated

import typer


class Algorithm(StrEnum):
    """What a new key signs with."""

    EDDSA = "EdDSA"
    RS256 = "RS256"


Alg = Annotated[Algorithm, typer.Option("--alg", help="EdDSA is small and fast; every library knows RS256.")]
Last = Annotated[
    bool, typer.Option("--last", help="At the end: it is published and checks, but does not sign yet.")
]
Present = Annotated[
    typer.FileText | None, typer.Argument(help="The present JWT_KEYS, which it joins; - reads a pipe.")
]
Whole = Annotated[typer.FileText, typer.Argument(help="JWT_KEYS; - reads a pipe.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(
        no_args_is_help=True, help="What access tokens are signed with (docs/guides/signing-keys.md)."
    )
    group.command(
        "new",
        epilog="Example: `./heidi keys new`, or beside those in use: `./heidi keys new --last keys.json`",
    )(new)
    group.command("public", epilog="Example: `./heidi keys public keys.json`")(public)
    group.command("vapid", epilog="Example: `./heidi keys vapid >> production.env`")(vapid)
    group.command("reseal", epilog="Example: `./heidi keys reseal`")(reseal)
    app.add_typer(group, name="keys", rich_help_panel="Development")


def new(present: Present = None, *, alg: Alg = Algorithm.EDDSA, last: Last = False) -> None:
    """Print a value for JWT_KEYS with a new key in front, which therefore signs."""
    from tooling.cli.engine import engine

    typer.echo(engine("tooling.keys").with_new(alg, present.read() if present else "", last=last))


def public(keys: Whole) -> None:
    """Print a value for JWT_KEYS without private parts, for functions that only check."""
    from tooling.cli.engine import engine

    typer.echo(engine("tooling.keys").public(keys.read()))


def vapid() -> None:
    """Print VAPID_PRIVATE_KEY and VAPID_PUBLIC_KEY, for Web Push; with others browsers subscribe anew."""
    from tooling.cli.engine import engine

    for name, value in engine("tooling.keys").vapid().items():
        typer.echo(f"{name}={value}")


def reseal() -> None:
    """Seal every stored secret anew with the first key of ENCRYPTION_KEY; then the keys behind it may go."""
    from tooling.cli.engine import engine

    typer.echo(f"{engine('tooling.backup.local').reseal()} values are sealed with the first key now.")
