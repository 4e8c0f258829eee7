"""The tool shed behind the `./heidi` command; no function imports it."""
