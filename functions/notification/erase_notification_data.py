"""Erase what the notification service holds about a person whose time is up, or of a city that is gone."""

from functions.notification.models import MODELS
from shared.keeper import eraser

erase_notification_data = eraser(__name__, MODELS)
