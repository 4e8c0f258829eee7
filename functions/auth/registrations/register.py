"""Register: the account is opened when the link in the mail is followed; the answer is the same for every
address.
"""

from events.notification import NotificationRequested
from functions.auth.city_resolution import agreed_city, refuse_unopened
from functions.auth.mails import may_be_sent
from functions.auth.one_time_tokens import hash_of, new_token
from functions.auth.password import PasswordTooCommon, PasswordTooPersonal, PasswordTooShort, chosen
from functions.auth.registrations.mails import KIND, send_link
from functions.auth.registrations.queries import KEEP
from functions.auth.registrations.registration import VALID_FOR, RegistrationIn, VerificationSent
from functions.auth.sessions.throttle import TooManyAttempts
from shared.errors import CityPreparing, TenantInactive, TenantMismatch, UnknownTenant
from shared.function import Context, http
from shared.kit.ids import PLATFORM_ID, new_id


@http.post(
    "/api/auth/register",
    public=True,
    tenantless=True,
    status=202,
    emits=[NotificationRequested],
    raises=[
        PasswordTooShort,
        PasswordTooCommon,
        PasswordTooPersonal,
        TooManyAttempts,
        UnknownTenant,
        TenantMismatch,
        TenantInactive,
        CityPreparing,
    ],
)
def register(ctx: Context, wanted: RegistrationIn) -> VerificationSent:
    ctx.enter(agreed_city(ctx, None))
    if ctx.tenant.id == PLATFORM_ID:  # it has administrators, no citizens
        raise UnknownTenant(tenant=ctx.tenant.slug)
    refuse_unopened(ctx.tenant)
    password_hash = chosen(ctx, wanted.password, wanted.email, wanted.name)
    is_welcome = may_be_sent(ctx, KIND, wanted.email)
    registration_id, token, language = (
        new_id(),
        new_token(ctx.tenant.id),
        wanted.language or ctx.tenant.language,
    )
    if is_welcome:
        [[owner]] = ctx.sql.run(
            KEEP,
            tenant=ctx.tenant.id,
            id=registration_id,
            email=wanted.email,
            name=wanted.name,
            language=language,
            password_hash=password_hash,
            token_hash=hash_of(token),
            expires=ctx.now + VALID_FOR,
            now=ctx.now,
        )
        send_link(ctx, wanted.email, language, token, owner)
    return VerificationSent(registration_id=registration_id)
