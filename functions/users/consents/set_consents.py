"""Give or withdraw one's consent to purposes; withdrawing is as easy as giving (GDPR Art. 7(3)), and nothing is overwritten."""

from events.users import ConsentChanged
from functions.users.consents.consent import ConsentOut, ConsentsIn
from functions.users.consents.reading import current
from functions.users.consents.tables import ConsentEntry
from functions.users.profiles.tables import Profile
from shared.errors import NotFound
from shared.function import Context, http, signed_in
from shared.ids import new_id
from shared.schema import Page


@http.put(
    "/api/users/me/consents",
    at_home=True,
    in_person=True,
    before_terms=True,
    emits=[ConsentChanged],
    raises=[NotFound],
)
@signed_in
def set_consents(ctx: Context, wanted: ConsentsIn) -> Page[ConsentOut]:
    ctx.db.get_or_404(Profile, ctx.user_id, lock=True)  # one decision after the other
    known = current(ctx)
    at = max(
        [ctx.now, *(decided.created_at for decided in known.values())]
    )  # later than what was decided while we waited
    for purpose, decision in wanted.consents.items():
        before = known.get(purpose)
        if before and (before.granted, before.text_version) == (decision.granted, decision.text_version):
            continue
        known[purpose] = ConsentOut(purpose=purpose, created_at=at, **decision.model_dump())
        ctx.db.add(ConsentEntry(id=new_id(), user_id=ctx.user_id, **known[purpose].model_dump()))
        ctx.emit(ConsentChanged(user_id=ctx.user_id, purpose=purpose, granted=decision.granted))
    return Page(items=[known[purpose] for purpose in sorted(known)])
