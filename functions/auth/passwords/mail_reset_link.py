"""Mail the link that resets a forgotten password, where the address has an account; the one before stops
working.
"""

from datetime import timedelta

from events.auth import PasswordForgotten
from events.notification import NotificationRequested
from functions.auth.mailed_links import letter_with_link, link
from functions.auth.one_time_tokens import hash_of, new_token
from functions.auth.passwords.queries import ASK
from shared.function import Context, on
from shared.kit.ids import new_id

VALID_FOR = timedelta(hours=1)


@on(PasswordForgotten, emits=[NotificationRequested])
def mail_reset_link(ctx: Context, event: PasswordForgotten) -> None:
    token = new_token(ctx.tenant.id)
    owner = ctx.sql.one(
        ASK,
        tenant=ctx.tenant.id,
        id=new_id(),
        email=event.email,
        token_hash=hash_of(token),
        expires=ctx.now + VALID_FOR,
        now=ctx.now,
    )
    if owner:
        way = link(ctx, "reset-password", token, owner[0])
        ctx.emit(letter_with_link(ctx, "reset_password", event.email, owner[0], link=way))
