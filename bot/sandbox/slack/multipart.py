"""Bodies of `multipart/form-data`, taken apart."""

from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a form.

    Attributes:
        filename: Only files have one.
    """

    name: str
    content: bytes
    filename: str | None = None


def multipart_parts(content_type: str, body: bytes) -> list[Part]:
    """Return the fields of a form; none when the body is not what its type says."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1")
    parsed = BytesParser(policy=HTTP).parsebytes(head + body)
    return [_part(each) for each in parsed.iter_parts()]


def _part(message: Message) -> Part:
    name = message.get_param("name", "", "content-disposition")
    content = message.get_payload(decode=True)
    return Part(str(name), content if isinstance(content, bytes) else b"", message.get_filename())
