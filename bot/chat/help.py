"""Help, made from the declarations: the list of verbs, one verb's page, and the README's table."""

from collections.abc import Iterable, Sequence

import click

from bot.chat.command import AnyCommand, Group
from bot.document import Code, Document, Facts, Line, Listing, Note, Paragraph, Part, Strong, line, marked
from bot.governance.roles import Role

PREFIX = "/hub"
WHO_MAY: dict[Role, str] = {
    Role.STRANGER: "everybody",
    Role.MEMBER: "members",
    Role.OPERATOR: "operators",
    Role.ADMIN: "admins",
}
SHARE_HINT = "`--share` shows the answer to the whole channel; otherwise only you see it."
MORE_HINT = "`/hub help tags` explains one of them. In a thread, say the same words after @Hub Bot."


def usage(command: AnyCommand) -> str:
    """Return the command's form: `tags <image> [--name GLOB] …`, without the prefix."""
    words = [command.name, *(_usage_word(parameter) for parameter in command.parameters)]
    return " ".join([*words, *(["[--share]"] if command.can_share else [])])


def _usage_word(parameter: click.Parameter) -> str:
    if isinstance(parameter, click.Option):
        word = parameter.opts[0] if parameter.is_flag else f"{parameter.opts[0]} {parameter.metavar}"
        return word if parameter.required else f"[{word}]"
    word = f"<{parameter.human_readable_name}>" + ("…" if parameter.nargs == -1 else "")
    return word if parameter.required else f"[{word}]"


def grouped(commands: Sequence[AnyCommand]) -> Iterable[tuple[Group, list[AnyCommand]]]:
    """Return the commands under their headings, both in their order; headings without commands are left out."""
    for group in Group:
        members = [command for command in commands if command.group is group]
        if members:
            yield group, members


def render_overview(commands: Sequence[AnyCommand]) -> Document:
    """Return the list of all verbs."""
    parts: list[Part] = []
    for group, members in grouped(commands):
        parts.append(Paragraph(line(Strong(group.value))))
        parts.append(Listing(tuple(_overview_line(command) for command in members)))
    hints = (Note(marked(SHARE_HINT)), Note(marked(MORE_HINT)))
    return Document("Hub Bot: Docker Hub from Slack", (*parts, *hints))


def _overview_line(command: AnyCommand) -> Line:
    return line(Code(f"{PREFIX} {command.examples[0][0]}"), f" – {command.summary}")


def render_page(command: AnyCommand) -> Document:
    """Return one verb's page: form, options, examples, who may use it."""
    parts: list[Part] = [Paragraph(line(command.summary + ".")), Paragraph(line(Code(f"{PREFIX} {usage(command)}")))]
    options = [each for each in command.parameters if isinstance(each, click.Option)]
    if options:
        parts.append(Facts(tuple((_option_label(each), line(each.help or "")) for each in options)))
    parts.append(Paragraph(line(Strong("Examples"))))
    parts.append(Listing(tuple(line(Code(f"{PREFIX} {words}"), f" – {what}") for words, what in command.examples)))
    notes = [command.notes] if command.notes else []
    notes += [SHARE_HINT] if command.can_share else []
    notes.append(f"For {WHO_MAY[command.role]}.")
    return Document(f"{PREFIX} {command.name}", (*parts, *(Note(marked(note)) for note in notes)))


def _option_label(option: click.Option) -> str:
    return option.opts[0] if option.is_flag else f"{option.opts[0]} {option.metavar}"


def command_table(commands: Sequence[AnyCommand]) -> str:
    """Return the README's table of commands, in Markdown."""
    rows = ["| command | does | for |", "| --- | --- | --- |"]
    for _, members in grouped(commands):
        rows += [_table_row(command) for command in members]
    return "\n".join(rows)


def _table_row(command: AnyCommand) -> str:
    form = usage(command).replace("|", "\\|")
    return f"| `{PREFIX} {form}` | {command.summary} | {WHO_MAY[command.role]} |"
