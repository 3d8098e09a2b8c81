"""Slack's Block Kit and Web API. Knows nothing of our features."""
