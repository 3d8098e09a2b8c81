"""The simulated Slack: a workspace, its Web API, and what it sends to apps."""
