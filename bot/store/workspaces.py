"""Workspaces, to which every row belongs."""

HOME = "home"
"""Stands for the workspace that the settings serve, whose id only Slack knows: pushes come in while Slack is away."""
