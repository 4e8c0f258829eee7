"""Answers from passages, quoted or written by a model."""
