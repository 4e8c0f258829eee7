"""Mail the code of a login that was doubted, if its password was right and its person has no app that makes
codes.
"""

from events.auth import LoginDoubted
from events.notification import NotificationRequested
from functions.auth.factors.mailed_code import new_code
from functions.auth.mails import has_room, letter
from functions.auth.tables import Account
from shared.function import Context, on
from shared.kit.enclosures import enclosed

# Only who knows the password causes these mails: more within the hour than logins from one place, so that
# nobody waits in vain.
CODES = 25


@on(LoginDoubted, emits=[NotificationRequested])
def mail_login_code(ctx: Context, event: LoginDoubted) -> None:
    account = ctx.db.get(Account, event.user_id) if event.user_id else None
    if (
        account is None
        or not account.email
        or account.second_factor_at
        or not has_room("login", account.email, CODES)
    ):
        return
    ctx.emit(
        enclosed(
            letter(ctx, "login_code", account.email, account.language), code=new_code(ctx, event.challenge_id)
        )
    )
