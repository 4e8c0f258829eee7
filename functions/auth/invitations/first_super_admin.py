"""The way in: invites a platform's first super admin by mail. The migration's Job runs it with each new
version.

SUPER_ADMIN_EMAIL=anna@city.example python -m functions.auth.invitations.first_super_admin
"""

import os
import sys

from pydantic import ValidationError
from sqlalchemy import select

from functions.auth.account import AccountExists
from functions.auth.invitations.invitation import InvitationIn
from functions.auth.invitations.invite_user import invite_user
from functions.auth.invitations.new_invitation import invite, open_roles
from functions.auth.tables import Account
from shared.auth.rbac import SUPER_ADMIN
from shared.context import Context, acting
from shared.function import record_of
from shared.tenancy.tenants import PLATFORM


def invite_first(address: str) -> str:
    """Invite this address unless somebody is a super admin already or is invited still; what was done, in a
    sentence.
    """
    invited = InvitationIn(email=address, role=SUPER_ADMIN)
    with acting(record_of(invite_user), PLATFORM) as ctx:
        if has_one(ctx):
            return "There is a super admin already, who invites the others."
        if SUPER_ADMIN in open_roles(ctx, invited.email):
            return "The first super admin is invited already: the mail is on its way or has arrived."
        try:
            invite(ctx, invited, by=None)
        except AccountExists:
            return "SUPER_ADMIN_EMAIL has an account on the platform already, with another role."
        return "The first super admin is invited: the mail is sent as soon as the functions run."


def has_one(ctx: Context) -> bool:
    """Whether somebody is a super admin, locked or not."""
    return ctx.db.scalar(select(Account.id).where(Account.roles.contains([SUPER_ADMIN])).limit(1)) is not None


def main() -> int:
    """1 with a sentence when the address is none."""
    address = os.environ.get("SUPER_ADMIN_EMAIL", "").strip()
    try:
        print(invite_first(address) if address else "SUPER_ADMIN_EMAIL is empty: nobody is invited.")  # noqa: T201 (a Job's log)
    except ValidationError:
        print("SUPER_ADMIN_EMAIL is not an e-mail address.", file=sys.stderr)  # noqa: T201 (a program's own output)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
