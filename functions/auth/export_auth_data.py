"""Hand out what the auth service holds about a person, or of a whole city."""

from functions.auth.models import MODELS
from shared.keeper import exporter

export_auth_data = exporter(__name__, MODELS)
