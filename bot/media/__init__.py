"""Whatever has the bytes of a film or a picture in its hands. No Slack, no job, no money."""
