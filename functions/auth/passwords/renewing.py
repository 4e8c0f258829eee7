"""Give an account a new password; everyone who should know hears of it, its owner by mail, in case it was not them."""

from pydantic import SecretStr

from events.auth import PasswordChanged
from functions.auth.letters import letter
from functions.auth.password import hashed, refuse_weak
from functions.auth.passwords.queries import CANCEL
from functions.auth.tables import Account
from shared.context import Context


def renew(ctx: Context, account: Account, password: SecretStr, how: str) -> None:
    """Keep the new password, if it is good enough; a mailed link to reset the old one stops working."""
    refuse_weak(password, account.address, account.name, ctx.tenant.name)
    account.password_hash, account.updated_at = hashed(password), ctx.now
    ctx.sql.run(CANCEL, tenant=ctx.tenant.id, account=account.id)
    ctx.emit(PasswordChanged(user_id=account.id, how=how))
    ctx.emit(letter(ctx, "password_changed", account.address, account.language))
