"""What is worth a message, and to whom."""
