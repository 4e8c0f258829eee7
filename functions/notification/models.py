"""All models of this service: what is handed out and erased (shared/personal_data.py)."""

from functions.notification.tables import Delivery, Device, Recipient

MODELS = (Recipient, Device, Delivery)
