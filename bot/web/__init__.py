"""The one aiohttp application: mounts Slack's entrance, takes webhooks, answers health questions."""
