"""Everything that can go wrong, as one small tree.

::

    HubBotError                     a sentence for a person, a short reason for machines
    ├── UserError                   the person can fix it; the sentence is shown as it is
    │   ├── UsageError              what was typed cannot be understood
    │   ├── AccessDeniedError       the person's role does not allow it
    │   └── BusyError               more work than the bot takes on at once
    ├── ConfigError                 the settings are wrong; at start only
    ├── HubError                    Docker Hub, or the registry, did not give what was asked
    │   ├── UnauthorizedError       401: the credential is refused
    │   ├── ForbiddenError          403: the credential is known and may not
    │   │   └── PlanError           402: what was paid for does not include it
    │   ├── NotFoundError           404 or 410: no such thing, or not for these eyes
    │   ├── ConflictError           409: it exists already, or is in use
    │   ├── InvalidError            400, 422: bad fields
    │   ├── RateLimitedError        429, or the budget is known to be spent; says until when
    │   ├── UnavailableError        5xx, no connection, no answer in time
    │   ├── UnexpectedResponseError an answer that does not mean anything
    │   └── NoCredentialError       nothing we hold may do this; nothing was sent
    ├── DeliveryError               Slack did not take a message; says whether trying again can help
    └── StoreUnavailableError       the database does not do its work; drawn with its siblings in `bot.store.errors`

One handler at each edge (command, HTTP route, job) turns these into a reply, a status or a retry.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar


class HubBotError(Exception):
    """The root. `str()` of any of them is a sentence that a person may read; it never holds a secret."""

    reason: ClassVar[str] = "error"
    """A short constant word for logs and metrics."""


class UserError(HubBotError):
    """The person who asked can fix it: the sentence is shown to them as it is."""

    reason = "user"


class UsageError(UserError):
    """What was typed cannot be understood.

    Args:
        problem: One sentence: what is wrong.
        suggestion: The nearest right thing, as it could be typed; empty when there is none.
        example: A complete command that works.
    """

    reason = "usage"

    def __init__(self, problem: str, *, suggestion: str = "", example: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.suggestion = suggestion
        self.example = example


class AccessDeniedError(UserError):
    """The person's role does not allow it; the sentence says which role does and who can grant it."""

    reason = "access_denied"


class BusyError(UserError):
    """More is being worked on than the bot takes on at once. Nothing was started."""

    reason = "busy"


class ConfigError(HubBotError):
    """The settings cannot be used.

    Args:
        problems: One sentence for each thing that is wrong, each naming its setting and never its secret value.
    """

    reason = "config"

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class HubError(HubBotError):
    """Docker Hub, or its registry, did not give what was asked.

    Args:
        resource: What was asked for, in words: `acme/api:1.2`, `the repositories of acme`.
        credential: The kind of credential that was used and whose it is, never its value: `the PAT of acme-bot`,
            `no credential`.
        detail: What the service itself said, already shortened and redacted; may be empty.
        status: The HTTP status, or None when there was no answer.
    """

    reason = "hub"

    def __init__(
        self,
        resource: str,
        *,
        credential: str = "no credential",
        detail: str = "",
        status: int | None = None,
    ) -> None:
        super().__init__(resource, credential, detail, status)
        self.resource = resource
        self.credential = credential
        self.detail = detail
        self.status = status

    def sentence(self) -> str:
        """Return what happened, to which resource, with which credential."""
        return f"Docker Hub did not answer as expected for {self.resource} (with {self.credential})."

    def advice(self) -> str:
        """Return what the person can do about it; may be empty."""
        return ""

    def __str__(self) -> str:
        said = f"It said: {self.detail.rstrip('.')}." if self.detail else ""
        return " ".join(part for part in (self.sentence(), said, self.advice()) if part)


class UnauthorizedError(HubError):
    """The credential is wrong, expired or revoked."""

    reason = "unauthorized"

    def sentence(self) -> str:
        """Say that the credential is refused, or that there should be one."""
        if self.credential.startswith("no credential"):
            return f"Docker Hub wants a login for {self.resource} (asked with {self.credential})."
        return f"Docker Hub refused {self.credential} for {self.resource}."

    def advice(self) -> str:
        """Point at the settings that hold credentials."""
        return "Make a new token at Docker Hub and set DOCKERHUB_USERNAME and DOCKERHUB_TOKEN."


class ForbiddenError(HubError):
    """The credential is good and may not do this."""

    reason = "forbidden"

    def sentence(self) -> str:
        """Say what the credential may not see or do."""
        return f"Docker Hub does not allow the use of {self.resource} with {self.credential}."

    def advice(self) -> str:
        """Point at rights and scopes."""
        return "Give its account the right (or the token the scope), or set another credential."


class PlanError(ForbiddenError):
    """The plan does not include it, or its allowance is used up; no other credential of the account changes that."""

    reason = "plan"

    def sentence(self) -> str:
        """Say that it is a matter of what was paid for."""
        return f"The plan at Docker Hub does not include {self.resource} (asked with {self.credential})."

    def advice(self) -> str:
        """Point at whoever can change the plan."""
        return "An owner of the organization can change its plan."


class NotFoundError(HubError):
    """There is no such thing, or it is private and not for this credential: Docker Hub does not tell which."""

    reason = "not_found"

    def sentence(self) -> str:
        """Say what was not found, and to whom it is invisible."""
        return f"Docker Hub does not show {self.resource} (asked with {self.credential})."

    def advice(self) -> str:
        """Name both explanations."""
        return "Check the name; if it is private, the bot needs a credential that may read it."


class ConflictError(HubError):
    """It exists already, or something else stands in the way."""

    reason = "conflict"

    def sentence(self) -> str:
        """Say where the conflict is."""
        return f"Docker Hub reports a conflict on {self.resource} (with {self.credential})."


class InvalidError(HubError):
    """Docker Hub refused the values that were sent.

    Args:
        fields: The complaints by field name; empty when the service named none.
    """

    reason = "invalid"

    def __init__(
        self,
        resource: str,
        *,
        credential: str = "no credential",
        detail: str = "",
        status: int | None = None,
        fields: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(resource, credential=credential, detail=detail, status=status)
        self.fields = dict(fields or {})

    def sentence(self) -> str:
        """Say what was refused, field by field."""
        named = "; ".join(f"{name}: {complaint}" for name, complaint in self.fields.items())
        return f"Docker Hub refused the request for {self.resource}{f' ({named})' if named else ''}."


class RateLimitedError(HubError):
    """The request budget is spent.

    Args:
        retry_at: When it makes sense to try again (aware, UTC).
    """

    reason = "rate_limited"

    def __init__(
        self,
        resource: str,
        *,
        retry_at: datetime,
        credential: str = "no credential",
        detail: str = "",
        status: int | None = None,
    ) -> None:
        super().__init__(resource, credential=credential, detail=detail, status=status)
        self.retry_at = retry_at

    def sentence(self) -> str:
        """Say until when, to the minute and in UTC."""
        # Without a credential it is the address whose requests are counted.
        payer = "this address" if self.credential.startswith("no credential") else self.credential
        return (
            f"Docker Hub has no requests left for {payer}: rate limited until "
            f"{self.retry_at:%H:%M} UTC (asked for {self.resource})."
        )

    def advice(self) -> str:
        """Say when to come back."""
        return "Try again then; `limits` shows the budget."


class UnavailableError(HubError):
    """Docker Hub is down, unreachable, or did not answer in time."""

    reason = "unavailable"

    def sentence(self) -> str:
        """Say that the service, not the person, is at fault."""
        status = f" (HTTP {self.status})" if self.status else ""
        return f"Docker Hub is not available{status}: asked for {self.resource} with {self.credential}."

    def advice(self) -> str:
        """Suggest waiting."""
        return "Try again in a minute."


class UnexpectedResponseError(HubError):
    """An answer that cannot be understood: not JSON, not the shape asked for, a link to somewhere else."""

    reason = "unexpected_response"

    def sentence(self) -> str:
        """Say that the answer made no sense."""
        status = f" (HTTP {self.status})" if self.status else ""
        return f"Docker Hub answered something unexpected{status} for {self.resource} (with {self.credential})."


class NoCredentialError(HubError):
    """None of the credentials in the settings may do this. Nothing was sent.

    Args:
        resource: What was to be done, in words.
        missing: One sentence: which kind of credential could, and which setting takes it.
    """

    reason = "no_credential"

    def __init__(self, resource: str, *, missing: str) -> None:
        super().__init__(resource)
        self.missing = missing

    def sentence(self) -> str:
        """Say what is missing."""
        return f"No credential in the settings may be used for {self.resource}. {self.missing}"


class DeliveryError(HubBotError):
    """Slack did not take a message.

    Args:
        sentence: What happened, without tokens or URLs.
        permanent: True when trying again cannot help.
        code: Slack's own error word, such as `channel_not_found`; empty when there was none.
        retry_after_seconds: How long Slack asked us to wait; None when it did not say.
    """

    reason = "delivery"

    def __init__(
        self,
        sentence: str,
        *,
        permanent: bool,
        code: str = "",
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(sentence)
        self.permanent = permanent
        self.code = code
        self.retry_after_seconds = retry_after_seconds
