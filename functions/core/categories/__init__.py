"""Categories and sub-categories."""
