"""Give or withdraw one's consent to purposes; withdrawing is as easy as giving (GDPR Art. 7(3)), and nothing
is overwritten.
"""

from datetime import timedelta

from events.users import ConsentChanged
from functions.users.consents.consent import ConsentOut, ConsentsIn
from functions.users.consents.current_consent import current
from functions.users.consents.tables import ConsentEntry
from functions.users.profiles.tables import Profile
from shared.errors import NotFound
from shared.function import Context, http, signed_in
from shared.kit.ids import new_id
from shared.schema import Page

# whoever hears of two decisions in the wrong order knows which is the newer one
TICK = timedelta(microseconds=1)


@http.put(
    "/api/users/me/consents",
    home_tenant=True,
    in_person=True,
    exempt_from_terms=True,
    emits=[ConsentChanged],
    raises=[NotFound],
)
@signed_in
def set_consents(ctx: Context, wanted: ConsentsIn) -> Page[ConsentOut]:
    ctx.db.get_or_404(Profile, ctx.user_id, lock=True)  # one decision after the other
    known = current(ctx)
    # later than what was decided meanwhile
    at = max([ctx.now, *(decided.created_at + TICK for decided in known.values())])
    for purpose, decision in wanted.consents.items():
        before = known.get(purpose)
        if before and (before.granted, before.text_version) == (decision.granted, decision.text_version):
            continue
        known[purpose] = ConsentOut(purpose=purpose, created_at=at, **decision.model_dump())
        ctx.db.add(ConsentEntry(id=new_id(), user_id=ctx.user_id, **known[purpose].model_dump()))
        ctx.emit(
            ConsentChanged(user_id=ctx.user_id, purpose=purpose, granted=decision.granted, decided_at=at)
        )
    return Page(items=[known[purpose] for purpose in sorted(known)])
