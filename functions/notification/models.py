"""All models of this service: what is handed out and erased (shared/keeping.py)."""

from functions.notification.tables import Delivery, Device, Recipient

MODELS = (Recipient, Device, Delivery)
