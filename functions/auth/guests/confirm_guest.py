"""Prove the address with the mailed token: the guest becomes a person, and all that was theirs stays theirs."""

from events.auth import GuestConverted
from functions.auth.account import AccountOut
from functions.auth.city_resolution import agreed_city
from functions.auth.guests.conversion import convert, proposed
from functions.auth.guests.guest import ConversionProof
from functions.auth.one_time_tokens import LinkInvalid, tenant_of
from shared.function import Context, http


@http.post(
    "/api/auth/guest/confirm", public=True, tenantless=True, emits=[GuestConverted], raises=[LinkInvalid]
)
def confirm_guest(ctx: Context, proof: ConversionProof) -> AccountOut:
    ctx.enter(agreed_city(ctx, tenant_of(proof.token)))
    conversion, account = proposed(ctx, proof.token)
    convert(ctx, account, conversion)
    ctx.emit(
        GuestConverted(
            user_id=account.id, email=conversion.email, name=account.name, language=account.language
        )
    )
    return AccountOut.model_validate(account)
