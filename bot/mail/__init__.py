"""E-mails out, by SMTP."""
