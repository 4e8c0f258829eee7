"""API tokens: how a program calls in a person's name, with a part of what they may do, for a time."""
