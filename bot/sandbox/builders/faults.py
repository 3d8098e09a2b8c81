"""What a test may ask a simulated build provider to get wrong, and how it is acted out."""

import re
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Literal

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from bot.sandbox.httpd import Answer
from bot.sandbox.wire import damaged_answer, lost_before_reading

BuilderFaultKind = Literal["answer", "slow", "reset", "hang", "truncated"]
JSON = "application/json"


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class BuilderFault:
    """One way to go wrong, for the requests that match.

    Kinds, with the fields that matter to them:

    - `answer`: `status`, `headers`, `body` and `content_type` as given: an error, a page of HTML, a redirect. Nothing
      was done.
    - `slow`: the right answer, `seconds` late.
    - `reset`: the connection ends with RST. `after="before_reading"`: nothing was done; `after="after_accepting"`: the
      request was carried out and its answer is lost.
    - `hang`: silence for `seconds`, then as `reset`. A client that waits less sees a timeout.
    - `truncated`: the right answer, announced in full, sent by half.

    Attributes:
        kind: What goes wrong.
        path: A regular expression that must match at the beginning of the path; None matches all.
        method: The only method to match; None matches all.
        times: How often the fault fires; None for always.
        status: Of `answer`.
        body: Of `answer`.
        content_type: Of `answer`; None leaves the header out.
        headers: Further ones of `answer`, such as `Location`.
        seconds: Of `slow` and `hang`, real time.
        after: When `reset` or `hang` strikes.
    """

    kind: BuilderFaultKind
    path: str | None = None
    method: str | None = None
    times: int | None = None
    status: int = 503
    body: str = ""
    content_type: str | None = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    after: Literal["before_reading", "after_accepting"] = "before_reading"

    def matches(self, method: str, path: str, _body: bytes = b"") -> bool:
        """Tell whether a request is one of those that this fault is for."""
        return self.method in {None, method} and re.match(self.path or "", path) is not None


def answer_under(fault: BuilderFault | None, carry_out: Callable[[], Answer]) -> Answer:
    """Answer a request under a fault, or without one; its delays are the caller's business.

    Args:
        fault: What goes wrong.
        carry_out: Does what was asked for and returns the right answer; not called when the fault prevents it.
    """
    if fault is None:
        return carry_out()
    if fault.kind == "answer":
        return Answer(fault.status, fault.body.encode(), fault.content_type, fault.headers)
    return lost_before_reading(fault) or damaged_answer(fault, carry_out())
