"""Invite the first admin of a city that was just onboarded."""

from events.city import CityOnboarded
from events.notification import NotificationRequested
from functions.auth.account import AccountExists
from functions.auth.invitations.invitation import InvitationIn
from functions.auth.invitations.new_invitation import invite
from shared.auth.rbac import SUPER_CITY_ADMIN
from shared.errors import TenantMismatch
from shared.function import Context, on


@on(CityOnboarded, emits=[NotificationRequested])
def invite_first_admin(ctx: Context, event: CityOnboarded) -> None:
    # said in another tenant's name, it would make an admin of the wrong city
    if event.city_id != ctx.tenant.id:
        raise TenantMismatch
    invited = InvitationIn(email=event.admin_email, role=SUPER_CITY_ADMIN, name=event.admin_name)
    try:
        invite(ctx, invited, by=None)
    except AccountExists:
        return
