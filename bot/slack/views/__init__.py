"""What people see: pure functions from values to messages and forms. No client, no clock, no database in here."""
