"""What a test may ask the simulated Docker Hub to get wrong.

Where a fault is acted out: `damage.py` gives the answers that replace the right one, `paging.py` bends pages,
`httpd.py` damages the wire.
"""

import re
from typing import Literal

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from bot.sandbox.hub.errors import ErrorShape

FaultKind = Literal[
    "rate_limited",
    "abuse_limited",
    "unavailable",
    "html",
    "slow",
    "reset",
    "hang",
    "truncated",
    "redirect",
    "empty",
    "not_json",
    "bad_next",
    "endless",
    "shifting",
    "short_page",
]
RetryAfterForm = Literal["x_retry_after_unix", "retry_after_seconds", "both", "neither"]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Fault:
    """One way to go wrong, for the requests that match.

    Kinds, with the fields that matter to them:

    - `rate_limited`: 429 with the headers of the API's limit; `retry_after`, `retry_after_seconds`.
    - `abuse_limited`: 429 with bare text, no JSON, no rate-limit header. Source: docs.docker.com, Docker Hub usage.
    - `unavailable`: an error of `status` (503) with a JSON body in one of the recorded shapes, `shape`.
    - `html`: an HTML page of `status` (503; even 200 is seen), as the front end shows.
    - `slow`: the right answer, `seconds` late.
    - `reset`: the connection ends with RST. `after="before_reading"`: nothing was done (only the request itself was
      read, which matching needs); `after="after_accepting"`: the request was carried out and its answer is lost.
    - `hang`: silence for `seconds`, then the connection ends with RST; `after` as for `reset`. A client that waits less
      sees a timeout, before or after the request was carried out.
    - `truncated`: the right answer, announced in full, sent by half.
    - `redirect`: `status` (302) to `location`, or to the same path with a slash at its end.
    - `empty`: `status` (502) without a body.
    - `not_json`: a 200 that claims to be JSON and is not.
    - `bad_next`: a page whose `next` points to the host in `location`.
    - `endless`: pages that always have a `next`; past the last item they begin again with the first.
    - `shifting`: between any two pages a new item was inserted at the top, so each page repeats the last one's end.
    - `short_page`: pages of half the size that was asked for. Meant without `times`, so that pages fit together.

    Attributes:
        kind: What goes wrong.
        path: A regular expression that must match at the beginning of the path, so a prefix will do; None matches all.
        method: The only method to match; None matches all.
        times: How often the fault fires; None for always.
        status: The status, for the kinds that have one; None takes the kind's default.
        shape: The body of `unavailable`.
        text: What `unavailable` says; None: that the service will be back soon.
        seconds: The delay of `slow` and `hang`.
        after: When `reset` or `hang` strikes.
        location: Where `redirect` leads; for `bad_next` the foreign origin.
        retry_after: How `rate_limited` says when to return; None follows `Unknowns.retry_after`.
        retry_after_seconds: In how many seconds from now, by the simulator's clock.
    """

    kind: FaultKind
    path: str | None = None
    method: str | None = None
    times: int | None = None
    status: int | None = None
    shape: ErrorShape = "message"
    text: str | None = None
    seconds: float = 0.0
    after: Literal["before_reading", "after_accepting"] = "before_reading"
    location: str | None = None
    retry_after: RetryAfterForm | None = None
    retry_after_seconds: float = 30.0

    def matches(self, method: str, path: str, _body: bytes = b"") -> bool:
        """Tell whether a request is one of those that this fault is for."""
        return self.method in {None, method} and re.match(self.path or "", path) is not None
