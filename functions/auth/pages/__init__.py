"""The pages that mails lead to."""
