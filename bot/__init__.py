"""Hub Bot: Docker Hub, run from Slack."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("hub-bot")
except PackageNotFoundError:  # A source tree that was never installed.
    __version__ = "0+unknown"
