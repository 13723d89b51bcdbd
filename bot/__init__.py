"""Sora bot: short AI videos in Slack, priced before the click and never paid twice."""
