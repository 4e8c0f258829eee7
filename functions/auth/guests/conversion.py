"""From guest to person: what is kept until the address is proven, and the mail that proves it."""

import hmac

from pydantic import SecretStr
from sqlalchemy import delete, select

from functions.auth.account import Kind
from functions.auth.guests.guest import VALID_FOR, ConversionIn, DeviceSecretWrong, GuestsOnly
from functions.auth.guests.tables import Conversion, Guest
from functions.auth.mailed_links import letter_with_link, link
from functions.auth.mails import letter
from functions.auth.one_time_tokens import LinkInvalid, hash_of
from functions.auth.tables import Account
from shared.context import Context
from shared.kit.ids import new_id


def the_guest(ctx: Context, secret: SecretStr) -> Account:
    """The calling guest's account, held until the transaction ends."""
    account = ctx.db.get_or_404(Account, ctx.user_id, lock=True)
    guest = ctx.db.scalar(select(Guest).where(Guest.account_id == account.id))
    if account.kind != Kind.GUEST or guest is None:
        raise GuestsOnly
    if not hmac.compare_digest(guest.secret_hash, hash_of(secret.get_secret_value())):
        raise DeviceSecretWrong
    return account


def propose(ctx: Context, account: Account, wanted: ConversionIn, password_hash: str, token: str) -> None:
    """Keep what the guest wants, instead of what they wanted before, and mail the link.

    It is kept as well where the address has an account, so that nothing shows the difference; only the mail
    does.
    """
    ctx.db.execute(delete(Conversion).where(Conversion.account_id == account.id))
    ctx.db.add(
        Conversion(
            id=new_id(),
            account_id=account.id,
            email=wanted.email,
            name=wanted.name,
            language=account.language,
            password_hash=password_hash,
            token_hash=hash_of(token),
            expires_at=ctx.now + VALID_FOR,
            created_at=ctx.now,
        )
    )
    if owner := ctx.db.scalar(select(Account.language).where(Account.email == wanted.email)):
        ctx.emit(letter(ctx, "already_registered", wanted.email, owner))
    else:
        way = link(ctx, "confirm-guest", token, account.language)
        ctx.emit(letter_with_link(ctx, "confirm_guest", wanted.email, account.language, way))


def proposed(ctx: Context, token: str) -> tuple[Conversion, Account]:
    """What this token is for, and whose; LinkInvalid when it is too late, or the address has an account by
    now.
    """
    this = Conversion.token_hash == hash_of(token)
    account = ctx.db.scalar(
        select(Account)
        .where(Account.id == select(Conversion.account_id).where(this).scalar_subquery())
        .with_for_update()
    )
    # read once its account is held: nobody replaces it now
    conversion = ctx.db.scalar(select(Conversion).where(this))
    if account is None or conversion is None:
        raise LinkInvalid
    conversion.check(ctx.now)
    if account.kind != Kind.GUEST or ctx.db.scalar(
        select(Account.id).where(Account.email == conversion.email)
    ):
        raise LinkInvalid
    return conversion, account


def convert(ctx: Context, account: Account, conversion: Conversion) -> None:
    """Make the guest a person: the id stays, the device's secret stops working, the sessions go on."""
    account.kind, account.email, account.name = Kind.PERSON, conversion.email, conversion.name
    account.password_hash, account.email_verified_at, account.updated_at = (
        conversion.password_hash,
        ctx.now,
        ctx.now,
    )
    ctx.db.execute(delete(Guest).where(Guest.account_id == account.id))
    ctx.db.execute(delete(Conversion).where(Conversion.email == conversion.email))
