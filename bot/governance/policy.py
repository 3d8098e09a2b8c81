"""Policy: which changes somebody else has to approve.

In the configuration file::

    [approvals]
    require = ["invite.owner", "delete-tags", "trigger"]   # instead of the default
    deadline = "24h"
    channel = "C0123456789"                                # default: each admin gets a direct message

    [protected]
    repositories = ["acme/prod-*"]                         # every change of these
    tags = ["v*"]                                          # every change of these tags
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase

from bot.governance.proposals import Proposal

DEFAULT_REQUIRED = (
    "invite.owner",
    "access.grant.admin",
    "access.revoke.admin",
    "delete-tags",
    "token",
    "org-token",
    "api",
)
"""Actions, and everything below them: `token` is also `token.create`."""
ACTIONS = frozenset(
    {
        "access",
        "access.grant",
        "access.grant.admin",
        "access.grant.operator",
        "access.revoke",
        "access.revoke.admin",
        "access.revoke.operator",
        "api",
        "delete-tags",
        "invite",
        "invite.editor",
        "invite.member",
        "invite.owner",
        "invites",
        "invites.cancel",
        "invites.resend",
        "org-token",
        "token",
        "trigger",
    }
)
"""Every action that a rule can name."""
ALL_TAGS = "*"
"""Stands in a proposal for whatever tags there are: no tag can be called so."""
DEFAULT_DEADLINE = timedelta(hours=24)


@dataclass(frozen=True)
class ApprovalPolicy:
    """What somebody else has to approve, by when, and where they are asked.

    Attributes:
        required: Actions; what lies below one is meant too.
        repositories: Globs (`*`, `?`) for `namespace/name`: every change of these.
        tags: Globs for tags, in any repository: every change of these.
        deadline: How long a request waits.
        channel: The channel in which admins are asked; None: each gets a direct message.
    """

    required: Sequence[str] = DEFAULT_REQUIRED
    repositories: Sequence[str] = field(default=())
    tags: Sequence[str] = field(default=())
    deadline: timedelta = DEFAULT_DEADLINE
    channel: str | None = None

    def protects(self, repository: str) -> bool:
        """Return whether every change of a repository has to be approved."""
        return any(fnmatchcase(repository, glob) for glob in self.repositories)

    def reason(self, proposal: Proposal) -> str | None:
        """Return why somebody else has to approve it, as a clause in a sentence; None: nobody has to."""
        if any(proposal.action == each or proposal.action.startswith(f"{each}.") for each in self.required):
            return f"`{proposal.action}` needs a second person"
        if proposal.repository and self.protects(proposal.repository):
            return f"`{proposal.repository}` is protected"
        if ALL_TAGS in proposal.tags and self.tags:
            return f"it may concern protected tags (`{self.tags[0]}`)"
        protected = [tag for tag in proposal.tags if any(fnmatchcase(tag, glob) for glob in self.tags)]
        return f"the tag `{protected[0]}` is protected" if protected else None
