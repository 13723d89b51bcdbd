"""Doubles of the world outside, good enough to try the bot with and strict enough to test it with. See README.md."""
