"""Hand out what the audit service holds about a person, or of a whole city."""

from functions.audit.models import MODELS
from shared.keeper import exporter

export_audit_data = exporter(__name__, MODELS)
