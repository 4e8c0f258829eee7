"""An SMTP server that keeps every mail, and pages that show mails and pushes."""
