"""Open an account: the row, and the event that tells the other services about the person."""

from uuid import UUID

from events.auth import UserCreated
from functions.auth.account import in_order
from functions.auth.tables import Account
from shared.context import Context
from shared.kit.ids import new_id


def open_account(
    ctx: Context,
    email: str,
    name: str,
    password_hash: str,
    *,
    roles: list[str],
    language: str,
    account_id: UUID | None = None,
) -> Account:
    """A new account whose address is known to be the person's own."""
    account = Account(
        id=account_id or new_id(),
        email=email,
        name=name,
        password_hash=password_hash,
        language=language,
        roles=in_order(roles),
        email_verified_at=ctx.now,
        created_at=ctx.now,
        updated_at=ctx.now,
    )
    ctx.db.add(account)
    ctx.db.flush()
    ctx.emit(UserCreated(user_id=account.id, email=email, name=name, language=language, roles=account.roles))
    return account
