"""What a fault does to a request: an answer instead of the right one, or the right one damaged on its way."""

import math
from collections.abc import Callable, Mapping

from bot.sandbox.httpd import Answer
from bot.sandbox.slack.answers import JSON, html_answer, json_answer, too_many_requests
from bot.sandbox.slack.faults import SlackFault
from bot.sandbox.wire import damaged_answer, lost_before_reading


def answer_under(fault: SlackFault | None, carry_out: Callable[[], Answer]) -> Answer:
    """Answer a request under a fault, or without one; the delay of `slow` is the caller's business.

    Args:
        fault: What goes wrong.
        carry_out: Does what was asked for and returns the right answer; not called when the fault prevents it.
    """
    if fault is None:
        return carry_out()
    replacement = REPLACEMENTS.get(fault.kind, lost_before_reading)(fault)
    return replacement or damaged_answer(fault, carry_out())


def _unavailable(fault: SlackFault) -> Answer:
    if fault.form == "html":
        return html_answer(fault.status, "Server Error")
    return json_answer({"ok": False, "error": "service_unavailable"}, fault.status)


def _rate_limited(fault: SlackFault) -> Answer:
    return too_many_requests(math.ceil(fault.retry_after_seconds))


def _refused(fault: SlackFault) -> Answer:
    return json_answer({"ok": False, "error": fault.error})


def _not_json(_: SlackFault) -> Answer:
    return Answer(200, b'{"ok":true,"channel":"C01', JSON)


def _answer(fault: SlackFault) -> Answer:
    return Answer(fault.status, fault.body.encode(), JSON, fault.headers)


REPLACEMENTS: Mapping[str, Callable[[SlackFault], Answer | None]] = {
    "unavailable": _unavailable,
    "rate_limited": _rate_limited,
    "refused": _refused,
    "not_json": _not_json,
    "answer": _answer,
}
