"""The rows, one file a room. SQLModel classes and their columns; no behaviour."""
