"""Docker Hub and registry clients. Knows HTTP, nothing of Slack, nothing of our features."""
