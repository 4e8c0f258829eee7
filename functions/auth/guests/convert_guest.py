"""Begin to make a person of a guest: a link is mailed to the address, which must be proven before anything
changes.
"""

from events.notification import NotificationRequested
from functions.auth.guests.conversion import propose, the_guest
from functions.auth.guests.guest import ConversionIn, ConversionStarted, DeviceSecretWrong, GuestsOnly
from functions.auth.mails import may_be_sent
from functions.auth.one_time_tokens import new_token
from functions.auth.password import PasswordTooCommon, PasswordTooPersonal, PasswordTooShort, chosen
from functions.auth.registrations.mails import KIND
from functions.auth.sessions.throttle import Attempt, TooManyAttempts
from shared.function import Context, http, signed_in


@http.post(
    "/api/auth/guest/convert",
    home_tenant=True,
    in_person=True,
    status=202,
    emits=[NotificationRequested],
    raises=[
        GuestsOnly,
        DeviceSecretWrong,
        PasswordTooShort,
        PasswordTooCommon,
        PasswordTooPersonal,
        TooManyAttempts,
    ],
)
@signed_in
def convert_guest(ctx: Context, wanted: ConversionIn) -> ConversionStarted:
    Attempt.begin(ctx.tenant.id, str(ctx.user_id), ctx.address, door="convert")
    password_hash = chosen(ctx, wanted.password, wanted.email, wanted.name)
    account, token = the_guest(ctx, wanted.device_secret), new_token(ctx.tenant.id)
    if may_be_sent(ctx, KIND, wanted.email):
        propose(ctx, account, wanted, password_hash, token)
    return ConversionStarted()
