"""Pushes: from Docker Hub's webhook to what happened."""
