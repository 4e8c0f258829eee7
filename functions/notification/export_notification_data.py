"""Hand out what the notification service holds about a person, or of a whole city."""

from functions.notification.models import MODELS
from shared.keeper import exporter

export_notification_data = exporter(__name__, MODELS)
