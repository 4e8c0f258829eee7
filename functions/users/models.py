"""All models of this service: what is handed out and erased (shared/keeping.py)."""
from functions.users.devices.tables import Device
from functions.users.profiles.tables import Profile

MODELS = (Device, Profile)
