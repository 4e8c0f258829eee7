"""Hand out what the platform itself holds in undelivered events about a person, or of a whole city."""

from functions.platform.models import MODELS
from shared.keeper import exporter

export_platform_data = exporter(__name__, MODELS)
