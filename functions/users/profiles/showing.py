"""A profile as it is shown, with a link to its photo."""
from functions.users.profiles.profile import ProfileOut
from functions.users.profiles.tables import Profile
from shared import storage

LINK_SECONDS = 60 * 60


def shown(profile: Profile) -> ProfileOut:
    """The profile as its owner sees it."""
    return ProfileOut.model_validate(profile).model_copy(update={"photo_url": photo_url(profile)})


def photo_url(profile: Profile) -> str | None:
    """A signed link to the photo, if there is one."""
    return storage.sign_get(profile.tenant_id, profile.photo, LINK_SECONDS) if profile.photo else None
