"""How long entries stay."""
