"""From a file's bytes to its text, in a process of its own."""
