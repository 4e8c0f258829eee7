"""Hand out what the analytics service holds about a person, or of a whole city."""

from functions.analytics.models import MODELS
from shared.keeper import exporter

export_analytics_data = exporter(__name__, MODELS)
