"""Watches the bot from above: the log, its redaction and the numbers. Nobody below knows. See README.md."""
