"""What people see of builds: one message that follows one, a note for each step, how others end. Pure."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from urllib.parse import quote

from bot.builds.build_rows import FollowedBuild
from bot.builds.model import Build, BuildState, ProviderKind, Setup
from bot.builds.progress import Progress, Step, Verdict, word_of
from bot.document import (
    Channel,
    Code,
    Document,
    Facts,
    Inline,
    Line,
    Link,
    Moment,
    Note,
    Paragraph,
    Part,
    Strong,
    line,
    marked,
)
from bot.document import Person as Named
from bot.words import in_words

BY_ITS_TAG = "Known by its tag alone: the provider does not show the build."
ASK_AGAIN = "`/hub trigger {repository}` asks for it anew."
_COMMIT_SHOWN = 12
_MINUTE, _HOUR = 60, 3_600
_VERDICTS = {Verdict.STUCK: ", and nothing was heard for long", Verdict.DROPPED: ", and dropped, it seems"}
# What providers call these states themselves, which tells nobody more than our own words do.
_SAY_NO_MORE: Mapping[str, frozenset[str]] = {
    Progress.QUEUED: frozenset({"queued", "pending", "created", "requested"}),
    Progress.BUILDING: frozenset({"building", "in progress", "in_progress", "running", "started"}),
    Progress.SUCCESS: frozenset({"success", "done", "built"}),
    Progress.FAILED: frozenset({"failed", "failure", "error"}),
    Progress.CANCELED: frozenset({"canceled", "cancelled"}),
}
_ENDS = {BuildState.SUCCESS: "was built", BuildState.FAILED: "failed to build", BuildState.CANCELED: "was canceled"}


def document_of(build: FollowedBuild) -> Document:
    """Return a build as people read it: what is built, how far it is, where to look, what to do about it."""
    run = build.run
    parts: list[Part] = [Paragraph(line(Strong(str(build.order)), ": ", *marked(_headline(build)), "."))]
    if run.said and run.state in {Progress.REQUESTED, Progress.REFUSED}:
        parts.append(Paragraph(marked(run.said)))
    parts.append(Facts(tuple(_facts(build))))
    if run.verdict or run.state in {Progress.FAILED, Progress.UNKNOWN}:
        parts.append(Paragraph(_advice(build)))
    if run.is_seen_by_tag:
        parts.append(Note(line(BY_ITS_TAG)))
    if run.problem and not run.state.is_final:
        parts.append(Note(line("I could not look just now. ", *marked(run.problem))))
    # The answer to the command and the history call it so, too.
    parts.append(Note(line(build.change_id or build.id)))
    return Document("", tuple(parts))


def step_document(build: FollowedBuild, step: Step) -> Document:
    """Return the note on a step; that on the end names who asked, whom nobody tells of a changed message."""
    detail = further_word(step.state, step.detail)
    pieces: list[Inline] = [*marked(step.words.rstrip(".")), f" ({detail})." if detail else "."]
    if step.state.is_final:
        pieces += [*_took(build), *_log(build.run.log_url)]
        if not build.asker.is_terminal:
            pieces += [" ", Named(build.asked_by)]
    return Document("", (Paragraph(tuple(pieces)),))


def direct_document(build: FollowedBuild) -> Document:
    """Return the same as the message, for who asked, where it could not be posted."""
    document = document_of(build)
    where = line(Channel(build.channel)) if build.channel else ()
    note = Note(line("I could not post this in ", *where, ": invite me there, and I can the next time."))
    return Document(document.title, (*document.parts, note))


def end_document(repository: str, build: Build) -> Document:
    """Return what a channel hears that subscribed to ends of builds."""
    what = f"{repository}:{build.tag}" if build.tag else repository
    pieces: list[Inline] = [Strong(what), f" {_ENDS[build.state]}"]
    if build.seconds is not None:
        pieces.append(f" after {duration(build.seconds)}")
    detail = further_word(build.state, build.detail)
    pieces.append(f" ({detail})." if detail else ".")
    facts: list[tuple[str, Line]] = []
    if build.ended_at:
        facts.append(("Ended", line(Moment(build.ended_at))))
    facts += _source_facts(build.ref, build.commit)
    facts += [("Log", line(Link("open", build.log_url)))] if build.log_url else []
    parts: list[Part] = [Paragraph(tuple(pieces))]
    return Document("", (*parts, *([Facts(tuple(facts))] if facts else ())))


def duration(seconds: float) -> str:
    """Write how long something took: `45 s`, `4 min 12 s`, `1 h 3 min`."""
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s".removesuffix(" 0 s")
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min".removesuffix(" 0 min")


def further_word(state: str, detail: str) -> str:
    """Return the provider's own word for a state where it says more than ours, else nothing."""
    return "" if detail.lower() in _SAY_NO_MORE.get(state, frozenset()) else detail


def page_of(setup: Setup) -> Link | None:
    """Return where people look at the builds of a set-up; None where that is not known.

    Sources: the addresses of the sites themselves, https://docs.github.com/actions/how-tos/monitor-workflows and
    https://docs.gitlab.com/ci/pipelines/.
    """
    match setup.provider:
        case ProviderKind.DOCKER_HUB | ProviderKind.CLASSIC:
            return Link("Docker Hub", f"https://hub.docker.com/r/{quote(setup.repository)}/builds")
        case ProviderKind.GITHUB if setup.project and setup.workflow and not setup.url:
            workflow = quote(setup.workflow, safe="")
            return Link("GitHub", f"https://github.com/{quote(setup.project)}/actions/workflows/{workflow}")
        case ProviderKind.GITLAB if setup.project and "/" in setup.project:
            origin = (setup.url or "https://gitlab.com").rstrip("/")
            return Link("GitLab", f"{origin}/{quote(setup.project)}/-/pipelines")
        case _:
            return None


def commit_cell(commit: str) -> Inline:
    """Write a commit short, to be recognised."""
    return Code(commit[:_COMMIT_SHOWN])


def stuck_words(build: FollowedBuild) -> str:
    """Return what to say when nothing was heard of a build for as long as its set-up says."""
    length = in_words(timedelta(seconds=build.setup.stuck_after_seconds))
    if build.run.state is Progress.BUILDING:
        return f"Still building: nothing new was heard for {length}"
    return f"Stuck: nothing was heard for {length}"


def dropped_words(build: FollowedBuild) -> str:
    """Return what to say when the provider seems to have dropped a build."""
    length = in_words(timedelta(seconds=build.setup.stuck_after_seconds))
    if build.setup.provider is ProviderKind.CLASSIC and not build.run.shows_builds:
        return f"Dropped, it seems: Docker Hub says `OK` also when it builds nothing, and no tag came in {length}"
    who = build.setup.provider.label
    return f"Dropped, it seems: {who} shows its builds, and after {length} this is not among them"


def updated_words(tag: str, after: timedelta) -> str:
    """Return what to say of a build of which nothing is known but that a tag was pushed since."""
    return f"`{tag}` was updated {in_words(after)} later, so it was probably built"


def _headline(build: FollowedBuild) -> str:
    run = build.run
    if run.is_seen_by_tag and run.tag and run.ended_at:
        return updated_words(run.tag, run.ended_at - build.asked_at)
    seconds = run.seconds(build.asked_at)
    words = word_of(run.state)
    words = words[:1].lower() + words[1:]
    if seconds is None:
        return f"{words}{_VERDICTS[run.verdict] if run.verdict else ''}"
    return f"{words} {'in' if run.state is Progress.SUCCESS else 'after'} {duration(seconds)}"


def _facts(build: FollowedBuild) -> Iterator[tuple[str, Line]]:
    run = build.run
    who: Inline = build.asked_by.replace(":", " ") if build.asker.is_terminal else Named(build.asked_by)
    yield "Asked", line("by ", who, ", ", Moment(build.asked_at))
    project = f", {build.setup.project}" if build.setup.project else ""
    yield "Built by", line(f"{build.setup.provider.label}{project}")
    if run.tag and run.tag != build.order.name and not run.is_seen_by_tag:
        yield "Tag", line(Code(run.tag))
    yield from _source_facts(run.ref if run.ref != build.order.name else None, run.commit)
    if detail := further_word(run.state, run.detail):
        yield "It says", line(detail)
    if run.started_at:
        yield "Began", line(Moment(run.started_at))
    if run.ended_at:
        yield ("Updated" if run.is_seen_by_tag else "Ended"), line(Moment(run.ended_at))
    if run.log_url:
        yield "Log", line(Link("open", run.log_url))


def _source_facts(ref: str | None, commit: str | None) -> list[tuple[str, Line]]:
    facts: list[tuple[str, Line]] = [("From", line(Code(ref)))] if ref else []
    return [*facts, ("Commit", line(commit_cell(commit)))] if commit else facts


def _advice(build: FollowedBuild) -> Line:
    page = page_of(build.setup)
    again = marked(ASK_AGAIN.format(repository=build.order.repository))
    if build.run.state is Progress.FAILED:
        return again
    return line("Look at ", page, "; ", *again) if page else line("Look at whoever builds it; ", *again)


def _took(build: FollowedBuild) -> Line:
    seconds = build.run.seconds(build.asked_at)
    return (f" It took {duration(seconds)}.",) if seconds is not None else ()


def _log(url: str | None) -> Line:
    return (" ", Link("Log", url)) if url else ()
