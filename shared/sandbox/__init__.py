"""Work on files that may be hostile: a process that has little memory, little time and no secret."""
