"""How each service speaks: one file a protocol, honest to its real form. No retries, no state, no Slack, no money."""
