"""Hand out what the core service holds about a person, or of a whole city."""

from functions.core.models import MODELS
from shared.keeper import exporter

export_core_data = exporter(__name__, MODELS)
