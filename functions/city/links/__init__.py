"""Links that mails and pushes carry."""
