"""What is generated from the records."""
