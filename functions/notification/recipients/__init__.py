"""Whom messages go to, as far as this service must know them."""
