"""The surface: what people see and press, and the card, the file and the reply they get. See README.md."""
