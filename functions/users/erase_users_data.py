"""Erase what the users service holds about a person whose time is up, files included, or of a city that is
gone.
"""

from functions.users.files import remove_files
from functions.users.models import MODELS
from shared.keeper import eraser

erase_users_data = eraser(__name__, MODELS, files_of=remove_files)
