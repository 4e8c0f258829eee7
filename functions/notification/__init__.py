"""Messages to people: mail and push, in their language."""
