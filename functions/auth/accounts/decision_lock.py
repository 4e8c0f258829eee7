"""One decision about roles and locks at a time in a city: two lead admins cannot take each other away at the
same moment.

Nobody decides about themselves, or about somebody above them: whoever takes the last lead admin but one away
is left.
"""

from shared.context import Context
from shared.errors import TokenRevoked

NOW = """SELECT state = 'active' AND roles @> CAST(:roles AS text[]) FROM accounts
 WHERE tenant_id = :tenant AND id = :id FOR SHARE"""


def decide_alone(ctx: Context) -> None:
    """Wait for who decides at this moment; TokenRevoked where that has taken from the caller what they would
    decide by.
    """
    ctx.lock("roles")
    if ctx.sql.run(NOW, tenant=ctx.tenant.id, id=ctx.user_id, roles=list(ctx.user.roles)) == [[False]]:
        raise TokenRevoked
