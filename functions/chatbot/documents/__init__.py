"""What the chatbot has read."""
