"""One request on its way through the simulator: what a handler of a route gets to answer it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from bot.sandbox.httpd import Answer, Request
from bot.sandbox.hub.access import Caller, TokenOffice
from bot.sandbox.hub.build_farm import BuildFarm
from bot.sandbox.hub.errors import ErrorShape, error_answer
from bot.sandbox.hub.faults import Fault
from bot.sandbox.hub.scout import Scout
from bot.sandbox.hub.state import HubState
from bot.sandbox.hub.unknowns import Unknowns

Generation = Literal["django", "newer", "build"]

ERROR_SHAPES: Mapping[Generation, ErrorShape] = {"django": "detail", "newer": "message", "build": "error_text"}


@dataclass(frozen=True, slots=True)
class Call:
    """A request with everything needed to answer it.

    Attributes:
        now: The simulator's time, UTC.
        public_origin: What `next` links begin with.
        own_origin: The address that the simulator really listens on.
        token_lifetime_seconds: Of bearers from `/v2/auth/token`.
        rate_limit: How many calls a minute this caller may make.
        page_fault: The fault that pages of this answer suffer, if any.
        builds: Where builds are asked for.
        scout: What Docker Scout knows.
        generation: Which of Docker's services answer here: the Django ones, the newer ones, or those of builds; their
            errors differ.
    """

    request: Request
    state: HubState
    unknowns: Unknowns
    caller: Caller
    office: TokenOffice
    builds: BuildFarm
    scout: Scout
    now: datetime
    public_origin: str
    own_origin: str
    token_lifetime_seconds: int
    rate_limit: int
    page_fault: Fault | None = None
    generation: Generation = "newer"

    @property
    def query(self) -> Mapping[str, str]:
        """The decoded query."""
        return self.request.query

    def json_object(self) -> dict[str, Any] | None:
        """Return the body's JSON object; None when the body is anything else."""
        try:
            body = json.loads(self.request.body)
        except ValueError:
            return None
        return body if isinstance(body, dict) else None

    def error(self, status: int, text: str) -> Answer:
        """Build an error in the words of the service that answers here."""
        return error_answer(ERROR_SHAPES[self.generation], status, text)
