"""Give an account a new password; everyone who should know hears of it, its owner by mail, in case it was not
them.
"""

from events.auth import PasswordChanged
from functions.auth.mails import letter
from functions.auth.passwords.queries import CANCEL
from functions.auth.tables import Account
from shared.context import Context


def renew(ctx: Context, account: Account, password_hash: str, how: str) -> None:
    """Keep the new password; a mailed link to reset the old one stops working."""
    account.password_hash, account.updated_at = password_hash, ctx.now
    ctx.sql.run(CANCEL, tenant=ctx.tenant.id, account=account.id)
    ctx.emit(PasswordChanged(user_id=account.id, how=how))
    ctx.emit(letter(ctx, "password_changed", account.address, account.language))
