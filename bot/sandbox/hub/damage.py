"""What a fault does to an answer before anything was done; what it does on the way is in `bot.sandbox.wire`."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from bot.sandbox.httpd import Answer
from bot.sandbox.hub.call import Call
from bot.sandbox.hub.errors import error_answer, html_answer
from bot.sandbox.hub.faults import Fault
from bot.sandbox.hub.limits import Budget, api_headers, retry_headers
from bot.sandbox.wire import lost_before_reading

MAINTENANCE_HTML = (
    "<!DOCTYPE html><html><head><title>Docker Hub</title></head><body><h1>We'll be back soon!</h1></body></html>"
)
UNAVAILABLE_TEXT = "Our service is temporarily unavailable. We'll be back soon!"


def replaced_answer(fault: Fault, call: Call) -> Answer | None:
    """Return the answer of a fault that leaves the request undone, or None when the request is to be carried out."""
    replacement = REPLACEMENTS.get(fault.kind)
    return replacement(fault, call) if replacement else lost_before_reading(fault)


def too_many_requests(budget: Budget, headers: Mapping[str, str]) -> Answer:
    """Build the API's 429. Source: docs.docker.com, audit logs. Its `error` is false."""
    refusal = error_answer("detail_and_false", 429, "Rate limit exceeded")
    return replace(refusal, headers={**api_headers(budget), **headers})


def _rate_limited(fault: Fault, call: Call) -> Answer:
    return_at = call.now + timedelta(seconds=fault.retry_after_seconds)
    form = fault.retry_after or call.unknowns.retry_after
    budget = Budget(call.rate_limit, 0, return_at, is_exceeded=True)
    return too_many_requests(budget, retry_headers(form, return_at, call.now))


def _abuse_limited(_: Fault, __: Call) -> Answer:
    # The text of a public report; Docker's page shows the same without the code in brackets.
    return Answer(429, b"Too Many Requests (HAP429)\n", content_type="text/plain")


def _unavailable(fault: Fault, _: Call) -> Answer:
    return error_answer(fault.shape, fault.status or 503, fault.text or UNAVAILABLE_TEXT)


def _html(fault: Fault, _: Call) -> Answer:
    return html_answer(fault.status or 503, MAINTENANCE_HTML)


def _redirect(fault: Fault, call: Call) -> Answer:
    location = fault.location or call.request.target_with_slash
    return Answer(fault.status or 302, content_type=None, headers={"Location": location})


def _empty(fault: Fault, _: Call) -> Answer:
    return Answer(fault.status or 502, content_type=None)


def _not_json(_: Fault, __: Call) -> Answer:
    return Answer(200, b'{"count": 3, "results": [')


REPLACEMENTS: Mapping[str, Callable[[Fault, Call], Answer]] = {
    "rate_limited": _rate_limited,
    "abuse_limited": _abuse_limited,
    "unavailable": _unavailable,
    "html": _html,
    "redirect": _redirect,
    "empty": _empty,
    "not_json": _not_json,
}
