"""Asking how a repository is built: the form of `trigger setup`, and what is read from it."""

from collections.abc import Iterator

from pydantic import SecretStr, ValidationInfo, field_validator

from bot.builds.model import ProviderKind, Setup
from bot.chat.changing import ChangeArguments
from bot.chat.forms import Choice, Field, FieldKind, Form

SAVE, SAVE_AND_TEST = "save", "test"
HINT = (
    "Docker Hub: the trigger URL. GitHub: a fine-grained token that may write Actions. GitLab: a trigger token. "
    "Webhook: its address, a blank, and a signing key. Kept encrypted."
)
_NOT_IN_FORM = {"timeout_seconds", "stuck_after_seconds", "cooldown_seconds", "inputs"}
_NEEDS_PROJECT = {
    ProviderKind.GITHUB: "GitHub needs the repository with the workflow, like `acme/api`",
    ProviderKind.GITLAB: "GitLab needs the project: its number, or its path, like `acme/api`",
}
_NEEDS_BRANCH = {
    ProviderKind.GITHUB: "GitHub needs a branch, like `main`",
    ProviderKind.GITLAB: "GitLab needs a branch, like `main`",
}


class SetupArguments(ChangeArguments):
    """How a repository is to be built. Whatever is None was not said yet.

    Attributes:
        then: What to do when the form is filled in: `save`, or `test` as well; None: it was not filled in yet.
        provider, project, workflow, branch, url: As in `Setup`.
        timeout_seconds, stuck_after_seconds, cooldown_seconds: As in `Setup`; None: as it is there by itself.
        secret: The secret of the set-up.
        is_agreed: Whether forgetting was agreed to.
    """

    then: str | None = None
    provider: ProviderKind | None = None
    project: str | None = None
    workflow: str | None = None
    branch: str | None = None
    url: str | None = None
    timeout_seconds: float | None = None
    stuck_after_seconds: float | None = None
    cooldown_seconds: float | None = None
    secret: SecretStr | None = None
    is_agreed: bool = False

    @field_validator("project", "workflow", "branch", "url", mode="before")
    @classmethod
    def _nothing_is_none(cls, value: object) -> object:
        return (value.strip() or None) if isinstance(value, str) else value

    @field_validator("project", "workflow", "branch")
    @classmethod
    def _is_there(cls, value: str | None, info: ValidationInfo) -> str | None:
        """Say beside its field what a provider lacks, while the form is still open."""
        provider = info.data.get("provider")
        if value is None and info.data.get("then") is not None and provider is not None:
            problem = {
                "project": _NEEDS_PROJECT.get(provider),
                "workflow": "GitHub needs the workflow's file, like `build.yml`" if provider == "github" else None,
                "branch": _NEEDS_BRANCH.get(provider),
            }[info.field_name or ""]
            if problem:
                raise ValueError(problem)
        return value

    def setup(self, repository: str, known: Setup | None) -> Setup:
        """Return the set-up that this says.

        Args:
            repository: Of what.
            known: The set-up as it is, from which comes what the form does not ask for; None: there is none.

        Raises:
            ValueError: No provider was named.
        """
        if self.provider is None:
            raise ValueError("there is no provider yet")
        kept = known.model_dump(include=_NOT_IN_FORM) if known and known.provider is self.provider else {}
        return Setup.model_validate({"repository": repository, **kept, **dict(self._said())})

    def _said(self) -> Iterator[tuple[str, object]]:
        for name in Setup.model_fields:
            value = getattr(self, name, None)
            if value is not None:
                yield name, value


def form(arguments: SetupArguments, repository: str, known: Setup | None, *, has_secret: bool) -> Form:
    """Return the form, with what is known already filled in; never the secret.

    Args:
        arguments: What was said with the command.
        repository: Of what.
        known: The set-up as it is; None: there is none.
        has_secret: Whether a secret is kept, which stays if none is put in.
    """

    def initial(name: str) -> str:
        return str(getattr(arguments, name) or getattr(known, name, None) or "")

    providers = tuple(Choice(kind.value, _offered(kind)) for kind in ProviderKind)
    first = initial("provider") or ProviderKind.DOCKER_HUB.value
    hint = f"{HINT} Left empty, the one that is kept stays." if has_secret else HINT
    then = arguments.then or SAVE
    tries = (Choice(SAVE, "Save"), Choice(SAVE_AND_TEST, "Save, and test it"))
    return Form(
        title="Set up builds",
        fields=(
            Field("provider", f"Who builds {repository}", kind=FieldKind.CHOICE, choices=providers, initial=first),
            Field("secret", "Trigger URL or token", hint=hint, kind=FieldKind.SECRET, is_optional=has_secret),
            Field(
                "project",
                "Project",
                hint="GitHub: the repository with the workflow; it may be another than the one whose image it builds. "
                "GitLab: the project.",
                initial=initial("project"),
                is_optional=True,
            ),
            Field("workflow", "Workflow", hint="GitHub: build.yml", initial=initial("workflow"), is_optional=True),
            Field("branch", "Default branch", hint="Like main.", initial=initial("branch"), is_optional=True),
            Field(
                "url",
                "Address of the API",
                hint="Only for a GitHub Enterprise or GitLab of your own.",
                initial=initial("url"),
                is_optional=True,
            ),
            Field("then", "Then", kind=FieldKind.CHOICE, choices=tries, initial=then),
        ),
        submit="Save",
    )


def _offered(kind: ProviderKind) -> str:
    return f"{kind.label} (until 1 April 2027)" if kind is ProviderKind.DOCKER_HUB else kind.label
