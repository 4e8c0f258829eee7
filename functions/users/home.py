"""Where a person's profile and devices are kept."""
from shared import tenants
from shared.context import Context


def go_home(ctx: Context) -> None:
    """Go on in the caller's own tenant: a super admin may be at work in a city, but is nobody there."""
    home = ctx.user.tenant_id
    if home and home != ctx.tenant.id:
        ctx.enter(tenants.find(str(home)))
