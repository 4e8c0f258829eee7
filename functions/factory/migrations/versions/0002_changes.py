"""Every change of a row is noted by the table itself, for the audit; what quotas count is counted."""
from shared.db.migration import audited, changes_table, impersonators, usage_table

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Note from now on."""
    changes_table()
    impersonators()
    audited("app_configs", "version", "saved_by", entity="app_config")
    audited("builds", "number", "platform", "status", "config_version", "inputs_digest", "artifact_digest", "artifact_bytes", "requested_by", "finished_at", "-log")
    usage_table()
