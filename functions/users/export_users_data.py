"""Hand out what the users service holds about a person, or of a whole city."""

from functions.users.models import MODELS
from shared.keeper import exporter

export_users_data = exporter(__name__, MODELS)
