"""How a message looks as a mail."""
