"""What a test may ask the simulated Slack to get wrong.

Where a fault is acted out: `damage.py` gives the answers that replace the right one, `bot.sandbox.wire` damages the
right one on its way.
"""

import re
from collections.abc import Mapping
from dataclasses import field
from typing import Literal
from urllib.parse import unquote_plus

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

SlackFaultKind = Literal["slow", "unavailable", "reset", "rate_limited", "refused", "not_json", "truncated", "answer"]

API_PREFIX = "/api/"


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class SlackFault:
    """One way to go wrong, for the requests that match.

    Kinds, with the fields that matter to them:

    - `slow`: the right answer, `seconds` late.
    - `unavailable`: an error of `status`, an HTML page or JSON by `form`. Nothing was done.
    - `reset`: the connection ends with RST. `after="before_reading"`: nothing was done (only the request itself was
      read, which matching needs); `after="after_accepting"`: the request was carried out and its answer is lost.
    - `rate_limited`: 429 with `Retry-After`. Nothing was done.
    - `refused`: the error in `error`, such as `token_revoked`, as Slack tells it: with status 200. Nothing was done.
    - `not_json`: a 200 that claims to be JSON and is not. Nothing was done.
    - `truncated`: the right answer, announced in full, sent by half.
    - `answer`: `status`, `headers` and `body` as given, for what no other kind can say, such as a redirect. Nothing was
      done.

    Attributes:
        kind: What goes wrong.
        path: A regular expression that must match at the beginning of the path, so a prefix will do; None matches all.
        method: A method of the Web API, such as `chat.postMessage`, or one of HTTP; None matches all.
        containing: Words that must be in the request, as Slack would read them: of a form, the decoded values.
        times: How often the fault fires; None for always.
        seconds: The delay of `slow`.
        status: Of `unavailable` and `answer`.
        form: The body of `unavailable`.
        after: When `reset` strikes.
        retry_after_seconds: What `rate_limited` says, rounded up to whole seconds.
        error: What `refused` says.
        body: Of `answer`; it claims to be JSON.
        headers: Further ones of `answer`, such as `Location`.
    """

    kind: SlackFaultKind
    path: str | None = None
    method: str | None = None
    containing: str = ""
    times: int | None = None
    seconds: float = 0.0
    status: int = 503
    form: Literal["html", "json"] = "html"
    after: Literal["before_reading", "after_accepting"] = "before_reading"
    retry_after_seconds: float = 30.0
    error: str = "internal_error"
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def matches(self, method: str, path: str, body: bytes = b"") -> bool:
        """Tell whether a request is one of those that this fault is for."""
        is_method = self.method in {None, method, path.removeprefix(API_PREFIX)}
        said = unquote_plus(body.decode(errors="replace")) if self.containing else ""
        return is_method and re.match(self.path or "", path) is not None and self.containing in said
