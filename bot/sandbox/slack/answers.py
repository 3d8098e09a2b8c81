"""The few forms that answers of Slack come in."""

import json
from collections.abc import Mapping
from typing import Any

from bot.sandbox.httpd import Answer

JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"

NO_HEADERS: Mapping[str, str] = {}


def json_answer(body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] = NO_HEADERS) -> Answer:
    """Build an answer of JSON as Slack writes it: no blanks, other letters than ASCII escaped."""
    return Answer(status, json.dumps(body, separators=(",", ":")).encode(), JSON, headers)


def text_answer(status: int, text: str) -> Answer:
    """Build an answer of plain text."""
    return Answer(status, text.encode(), "text/plain; charset=utf-8")


def html_answer(status: int, text: str) -> Answer:
    """Build a page that says one thing."""
    page = f"<!DOCTYPE html><html><head><title>{text} | Slack</title></head><body><h1>{text}</h1></body></html>"
    return Answer(status, page.encode(), HTML)


def too_many_requests(seconds: int, headers: Mapping[str, str] = NO_HEADERS) -> Answer:
    """Build the 429. Source: https://docs.slack.dev/apis/web-api/rate-limits."""
    return json_answer({"ok": False, "error": "ratelimited"}, 429, {**headers, "Retry-After": str(seconds)})
