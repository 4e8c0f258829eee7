"""Confirm a second factor with a code of the app; from then on every login needs one. Other sessions end."""

from events.notification import NotificationRequested
from functions.auth.factors.codes import hash_of, new_recovery_codes, plain, step_of
from functions.auth.factors.factor import CodeWrong, Confirmation, NothingToConfirm, RecoveryCodes
from functions.auth.factors.proof import attempt
from functions.auth.factors.queries import CONFIRM, FORGET_RECOVERY_CODES, KEEP_RECOVERY_CODES, PENDING
from functions.auth.mails import letter
from functions.auth.sessions.queries import END_OTHERS
from functions.auth.sessions.termination import end
from functions.auth.sessions.throttle import TooManyAttempts
from functions.auth.tables import Account
from shared.errors import NotFound
from shared.function import Context, http, signed_in
from shared.kit.sealing import unseal


@http.post(
    "/api/auth/second-factor/confirm",
    home_tenant=True,
    in_person=True,
    exempt_from_terms=True,
    never_stored=True,
    emits=[NotificationRequested],
    raises=[NotFound, CodeWrong, NothingToConfirm, TooManyAttempts],
)
@signed_in
def confirm_second_factor(ctx: Context, confirmation: Confirmation) -> RecoveryCodes:
    tried = attempt(ctx, ctx.user_id)
    account = ctx.db.get_or_404(Account, ctx.user_id, lock=True)
    codes = confirm(ctx, account, confirmation.code)
    account.second_factor_at = account.updated_at = ctx.now
    end(ctx, END_OTHERS, account.id, access_id=ctx.user.session_id)
    ctx.emit(letter(ctx, "second_factor_enabled", account.address, account.language))
    ctx.after_commit(tried.succeeded)
    return RecoveryCodes(recovery_codes=codes)


def confirm(ctx: Context, account: Account, code: str) -> list[str]:
    """Put the pending secret into use, the code used up, and make new recovery codes."""
    whose = {"tenant": ctx.tenant.id, "account": account.id}
    waiting = ctx.sql.one(PENDING, **whose)
    if waiting is None or waiting[0] is None:
        raise NothingToConfirm
    step = step_of(unseal(waiting[0], account.id), plain(code), ctx.now)
    if step is None:
        raise CodeWrong
    codes = new_recovery_codes()
    ctx.sql.queue(CONFIRM, step=step, **whose)
    ctx.sql.queue(FORGET_RECOVERY_CODES, **whose)
    ctx.sql.run(KEEP_RECOVERY_CODES, hashes=[hash_of(account.id, code) for code in codes], **whose)
    return codes
