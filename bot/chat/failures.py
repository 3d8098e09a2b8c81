"""How a failure is told: what happened, what would be right, an example."""

from bot.document import Code, Document, Note, Paragraph, Part, line, marked
from bot.errors import HubBotError, UsageError


def describe_failure(error: HubBotError) -> Document:
    """Return the document that tells of the failure, in the error's own words."""
    parts: list[Part] = [Paragraph(marked(str(error)))]
    if isinstance(error, UsageError):
        parts += _way_out(error)
    return Document(title="", parts=tuple(parts))


def _way_out(error: UsageError) -> list[Part]:
    parts: list[Part] = []
    if error.suggestion:
        parts.append(Paragraph(line("Did you mean ", Code(error.suggestion), "?")))
    if error.example:
        parts.append(Note(line("Example: ", Code(error.example))))
    return parts
