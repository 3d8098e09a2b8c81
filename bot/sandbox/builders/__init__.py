"""Simulated build providers other than Docker Hub: GitHub Actions, GitLab, and a receiver of webhooks.

They share nothing with what they test. Runs stand still until a test moves them.
"""
