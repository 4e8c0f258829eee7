"""Systems outside the process, each behind the few words that we use of it."""
