import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field as Number
from pydantic import SecretStr
from rich.console import Console

from bot.chat.command import Arguments, Command, Confirmation, Context, Group, Offer, Result
from bot.chat.forms import NO_CHOICE, NOTHING_TYPED, Choice, Field, FieldKind, Form, InputNeeded
from bot.chat.router import Router
from bot.document import (
    Chart,
    Code,
    CodeBlock,
    Column,
    Document,
    Facts,
    Link,
    Listing,
    Moment,
    Note,
    Paragraph,
    Series,
    Size,
    Strong,
    Table,
    line,
)
from bot.governance.roles import Role
from bot.terminal import HOW_TO_END, NOT_DONE, WIDTH_WITHOUT_TERMINAL, Terminal, show
from tests.support.desk import NOW, Desk, ago, open_desk
from tests.support.following import CHANNEL, FollowingDesk, open_following_desk


class Planned(Result):
    said: str


class Sure(Arguments):
    pass


@pytest.fixture
def desk() -> Iterator[Desk]:
    with open_desk() as opened:
        yield opened


def printed(document: Document, *, width: int = WIDTH_WITHOUT_TERMINAL) -> str:
    file = io.StringIO()
    show(document, plain_console(file, width=width), now=NOW)
    return file.getvalue()


def test_every_part_of_a_document_is_shown() -> None:
    document = Document(
        "A title",
        (
            Paragraph(line("A ", Strong("bold"), " sentence.")),
            Facts((("Size", line(Size(84_200_000))), ("Pushed", line(Moment(ago(hours=2)))))),
            Listing((line(Code("one")), line(Link("two", "https://hub.docker.com/_/two")))),
            CodeBlock("nginx@sha256:0"),
            Table("rows", (Column("Tag"), Column("Size", numeric=True)), ((Code("1.0"), Size(None)),)),
            Note(line("1 tag.")),
        ),
    )

    assert [text.rstrip() for text in printed(document).splitlines()] == [
        "A title",
        "A bold sentence.",
        "Size    84.2 MB",
        "Pushed  2026-11-21 07:00 UTC (2 h ago)",
        "• one",
        "• two",
        "nginx@sha256:0",
        "Tag     Size",
        "1.0  unknown",
        "1 tag.",
    ]


def test_a_chart_is_a_line_of_bars_for_each_series() -> None:
    chart = Chart("How it went", ("1 Nov", "2 Nov"), (Series("stale \x1b[31m", (1, 2)),), unit="images")

    assert printed(Document("", (chart,))) == "How it went 1 Nov to 2 Nov\nstale  [31m ▁█ 1 → 2 images\n"


def test_what_can_be_copied_is_never_broken_over_lines() -> None:
    pin = "acme/api:latest@sha256:" + "0" * 64
    document = Document("", (CodeBlock(pin), Facts((("Digest", line(Code(pin))),)), Listing((line(Code(pin)),))))

    assert [text.count(pin) for text in printed(document, width=40).splitlines()] == [1, 1, 1]


def test_a_narrow_table_shows_ages_and_one_platform_a_line() -> None:
    columns = (Column("Tag"), Column("Size", numeric=True), Column("Pushed"), Column("Digest"))
    row = (Code("1.0"), "amd64 59.1 MB, arm64/v8 57.3 MB", Moment(ago(hours=7)), Code("ccad5c098561"))

    assert printed(Document("", (Table("", columns, (row,)),)), width=80).splitlines() == [
        "Tag              Size  Pushed   Digest",
        "1.0     amd64 59.1 MB  7 h ago  ccad5c098561",
        "     arm64/v8 57.3 MB",
    ]


def test_a_digest_in_a_table_is_never_cut() -> None:
    digest = "sha256:" + "0" * 64
    columns = (Column("Platform"), Column("Size"), Column("Digest"), Column("Status"))
    document = Document("", (Table("", columns, ((Code("linux/amd64"), Size(55_700_000), Code(digest), "active"),)),))

    rows = {printed(document, width=width).splitlines()[1] for width in (40, 80, 95, 100, 102, 103, 120, 200)}

    assert rows == {f"linux/amd64  55.7 MB  {digest}  active"}


def test_no_line_ends_in_blanks() -> None:
    document = Document("", (Table("", (Column("A"), Column("B")), (("long enough", "x"), ("y", "z"))),))

    assert not [text for text in printed(document).splitlines() if text != text.rstrip()]


def test_a_time_to_come_has_no_age() -> None:
    assert printed(Document("", (Paragraph(line(Moment(ago(hours=-1)))),))).strip() == "2026-11-21 10:00 UTC"


@given(st.text(st.characters(categories=("Cc", "Cf", "L", "P")), max_size=60))
def test_nothing_from_outside_steers_the_terminal(hostile: str) -> None:
    document = Document(
        hostile, (Paragraph(line(hostile, Code(hostile), Strong(hostile))), CodeBlock(hostile), Note(line(hostile)))
    )

    assert not [each for each in printed(document) if each in "\x1b\x07\x08\r\x9b\u202e"]


def test_what_looks_like_markup_is_shown_as_it_is() -> None:
    assert printed(Document("[red]x[/red] :smile:")).strip() == "[red]x[/red] :smile:"


def plain_console(file: io.StringIO, *, width: int = WIDTH_WITHOUT_TERMINAL) -> Console:
    return Console(file=file, width=width, markup=False, emoji=False, highlight=False)


def run(desk: Desk, words: str | list[str], *, as_json: bool = False) -> tuple[int, str, str]:
    output, errors = io.StringIO(), io.StringIO()
    terminal = Terminal(desk.router, output=plain_console(output), errors=plain_console(errors))
    context = Context(hub=desk.client, clock=desk.clock, default_namespace="acme")
    return terminal.run(words, context, as_json=as_json), output.getvalue(), errors.getvalue()


def test_an_answer_goes_to_the_output_and_ends_well(desk: Desk) -> None:
    status, output, errors = run(desk, ["tags", "acme/api"])

    assert status == 0
    assert output.startswith("Tags of acme/api\nTag ")
    assert "3 tags" not in errors


def test_an_answer_of_no_is_shown_and_ends_with_one(desk: Desk) -> None:
    status, output, _ = run(desk, "inspect acme/api:1.1.1")

    assert status == 1
    assert output.startswith("acme/api:1.1.1 does not exist")


def test_a_failure_goes_to_the_errors_and_ends_with_one(desk: Desk) -> None:
    status, output, errors = run(desk, ["tags", "acme/nope"])

    assert (status, output) == (1, "")
    assert "Docker Hub does not show the tags of acme/nope" in errors


def test_what_is_not_understood_ends_with_two(desk: Desk) -> None:
    status, output, errors = run(desk, ["tgas"])

    assert (status, output) == (2, "")
    assert errors.splitlines()[0] == "There is no tgas command."


def test_json_is_one_document_and_nothing_else(desk: Desk) -> None:
    status, output, _ = run(desk, ["tags", "acme/api", "--limit", "1"], as_json=True)

    told = json.loads(output)
    assert status == 0
    assert (told["repository"], told["total"], told["tags"][0]["name"]) == ("acme/api", 3, "latest")
    assert told["tags"][0]["pushed_at"] == "2026-11-19T09:05:00Z"


@pytest.mark.parametrize(
    ("words", "status", "reason"), [(["tgas"], 2, "usage"), (["tags", "acme/nope"], 1, "not_found")]
)
def test_failures_are_json_too(desk: Desk, words: list[str], status: int, reason: str) -> None:
    ended, output, errors = run(desk, words, as_json=True)

    assert (ended, json.loads(output)["error"]["reason"], errors) == (status, reason, "")


# Texts and questions

TEXT = f'[[subscriptions]]\nchannel = "{CHANNEL}"\nimage = "acme/api"\n'
IMPORT = ["subscriptions", "--import"]
PLANNED = ["Subscriptions", f"+ {CHANNEL} acme/api", "Nothing was changed yet."]
APPLIED = ["Subscriptions", f"+ {CHANNEL} acme/api", "Done."]


class Keyboard(io.StringIO):
    """Somebody at a terminal: a text, an end of file, and then answers."""

    def __init__(self, text: str, *answers: str) -> None:
        super().__init__(text)
        self._answers = list(answers)
        self._is_ended = False

    def isatty(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> str:
        self._is_ended = True
        return super().read(size)

    def readline(self, size: int = -1) -> str:  # type: ignore[override]
        if not self._is_ended and self.tell() < len(self.getvalue()):
            return super().readline(size)
        return self._answers.pop(0) if self._answers else ""


@pytest.fixture
def following() -> Iterator[FollowingDesk]:
    with open_following_desk() as desk:
        desk.place, desk.role = None, Role.ADMIN
        yield desk


def run_with(
    desk: FollowingDesk, words: list[str], source: io.TextIOBase, *, as_json: bool = False
) -> tuple[int, list[str], list[str]]:
    output, errors = io.StringIO(), io.StringIO()
    terminal = Terminal(
        desk.router,
        output=plain_console(output),
        errors=plain_console(errors),
        source=source,  # type: ignore[arg-type]  # What both kinds have in common is enough.
    )
    status = terminal.run(words, desk.context(), as_json=as_json)
    return status, output.getvalue().splitlines(), errors.getvalue().splitlines()


def subscribed(desk: FollowingDesk) -> list[str]:
    return [str(each) for each in desk.subscribing.subscriptions.all()]


def test_a_text_comes_from_a_file_and_nothing_is_done_where_nobody_can_be_asked(following: FollowingDesk) -> None:
    status, output, errors = run_with(following, IMPORT, io.StringIO(TEXT))

    assert (status, output, errors) == (0, PLANNED, [NOT_DONE])
    assert subscribed(following) == []


def test_yes_does_it_without_a_question(following: FollowingDesk) -> None:
    status, output, errors = run_with(following, [*IMPORT, "--yes"], io.StringIO(TEXT))

    assert (status, output, errors) == (0, [*PLANNED, *APPLIED], [])
    assert subscribed(following) == ["acme/api"]
    assert following.channel.said[0][0] == "What is announced here was changed by an import:"


@pytest.mark.parametrize("answer", ["y\n", "Y\n", " yes \n"])
def test_who_agrees_at_the_prompt_has_it_done(following: FollowingDesk, answer: str) -> None:
    status, output, errors = run_with(following, IMPORT, Keyboard(TEXT, answer))

    assert (status, output) == (0, [*PLANNED, *APPLIED])
    assert errors[0].startswith("Subscriptions as TOML. ")
    assert errors[0].endswith(HOW_TO_END)
    assert errors[1:] == ["Apply? [y/N] "]
    assert subscribed(following) == ["acme/api"]


@pytest.mark.parametrize("answer", ["n\n", "\n", "maybe\n", ""])
def test_anything_else_at_the_prompt_is_a_no(following: FollowingDesk, answer: str) -> None:
    status, output, _ = run_with(following, IMPORT, Keyboard(TEXT, answer))

    assert (status, output) == (0, PLANNED)
    assert subscribed(following) == []


@pytest.mark.parametrize("source", [io.StringIO(""), io.StringIO(" \n\n"), Keyboard("")])
def test_no_text_at_all_is_said_with_an_example(following: FollowingDesk, source: io.TextIOBase) -> None:
    status, output, errors = run_with(following, IMPORT, source)

    assert (status, output) == (2, [])
    assert errors[-2:] == [
        "subscriptions --import reads its text from standard input, and there was none.",
        "Example: hub-bot exec subscriptions --import < file",
    ]


def test_a_text_in_another_encoding_is_said(following: FollowingDesk) -> None:
    source = io.TextIOWrapper(io.BytesIO("ü".encode("latin-1")), encoding="utf-8")

    status, _, errors = run_with(following, IMPORT, source)

    assert (status, errors[0]) == (2, "Standard input is not UTF-8.")


def test_json_without_yes_asks_nothing_and_does_nothing(following: FollowingDesk) -> None:
    status, output, errors = run_with(following, IMPORT, io.StringIO(TEXT), as_json=True)

    told = json.loads("\n".join(output))
    assert (status, told["is_applied"], told["plan"], errors) == (0, False, [f"+ {CHANNEL} acme/api"], [])
    assert "offers" not in told
    assert subscribed(following) == []


def test_json_with_yes_is_one_document_about_what_was_done(following: FollowingDesk) -> None:
    status, output, errors = run_with(following, [*IMPORT, "--yes"], io.StringIO(TEXT), as_json=True)

    assert (status, json.loads("\n".join(output))["is_applied"], errors) == (0, True, [])
    assert subscribed(following) == ["acme/api"]


def test_where_there_is_nothing_to_do_nothing_is_asked(following: FollowingDesk) -> None:
    run_with(following, [*IMPORT, "--yes"], io.StringIO(TEXT))

    status, output, errors = run_with(following, IMPORT, Keyboard(TEXT))

    assert (status, output[-1]) == (0, "Everything is as the text says.")
    assert len(errors) == 1


def test_an_offer_that_is_hard_to_undo_says_what_will_happen(desk: Desk) -> None:
    def run_plan(arguments: Arguments, _: Context) -> Planned:
        if isinstance(arguments, Sure):
            return Planned(said="gone")
        confirm = Confirmation(title="Delete?", question="3 tags will be \x1b[31mgone.", yes="Delete")
        keep = Offer(label="Keep", arguments=Arguments())
        return Planned(said="3 tags", offers=(keep, Offer(label="Delete", arguments=Sure(), confirm=confirm)))

    command = Command(
        name="plan",
        group=Group.ACT,
        summary="Plan",
        role=Role.ADMIN,
        parameters=(),
        parse=lambda _: Arguments(),
        run=run_plan,
        render=lambda result: Document(result.said),
        examples=(("plan", "plans"),),
        can_offer=True,
    )
    output, errors = io.StringIO(), io.StringIO()
    source = Keyboard("", "n\n", "y\n")
    terminal = Terminal(Router([command]), output=plain_console(output), errors=plain_console(errors), source=source)

    assert terminal.run(["plan"], desk.context()) == 0
    assert output.getvalue() == "3 tags\ngone\n"
    assert errors.getvalue() == "Keep? [y/N] 3 tags will be  [31mgone.\nDelete? [y/N] "


# Several fields


class Setup(Arguments):
    provider: str = ""
    branch: str = "main"
    seconds: float = Number(default=1.0, le=60.0)
    notes: str = ""
    token: SecretStr | None = None


class SetUp(Result):
    said: str


TOKEN = "glptt-0123456789abcdefghij"
PROVIDERS = (Choice("github", "GitHub Actions"), Choice("gitlab", "GitLab"))
SECONDS = Field("seconds", "Seconds", hint="How long to wait.", initial="10")
SECRET = Field("token", "Token", kind=FieldKind.SECRET)
FIELDS = (
    Field("provider", "Who builds", kind=FieldKind.CHOICE, choices=PROVIDERS),
    Field("branch", "Branch", is_optional=True),
    SECONDS,
    SECRET,
)


@dataclass
class Sitting:
    """Runs a command that asks with a form, for somebody or for nobody."""

    desk: Desk
    secrets: list[str] = field(default_factory=list)
    prompts: list[str] = field(default_factory=list)
    output: io.StringIO = field(default_factory=io.StringIO)
    errors: io.StringIO = field(default_factory=io.StringIO)

    def read_secret(self, words: str) -> str:
        self.prompts.append(words)
        if not self.secrets:
            raise EOFError
        return self.secrets.pop(0)

    def run(self, source: io.StringIO, *fields: Field, refused: str = "") -> int:
        """Ask for the fields; a secret may be refused once, as by somebody outside who was asked about it."""
        form = Form(title="Set up", fields=fields or FIELDS)

        def run_setup(arguments: Setup, _: Context) -> SetUp:
            secret = arguments.token.get_secret_value() if arguments.token else ""
            if not arguments.provider and not secret and not arguments.notes:
                raise InputNeeded(form)
            if refused and secret == refused:
                raise InputNeeded(form.again({"provider": arguments.provider}), {"token": "GitLab does not know it."})
            return SetUp(
                said=f"{arguments.provider} {arguments.branch} {arguments.seconds:g} {arguments.notes} {len(secret)}"
            )

        command = Command(
            name="setup",
            group=Group.ACT,
            summary="Set up",
            role=Role.ADMIN,
            parameters=(),
            parse=lambda _: Setup(),
            run=run_setup,
            render=lambda result: Document(result.said),
            examples=(("setup", "sets up"),),
        )
        terminal = Terminal(
            Router([command]),
            output=plain_console(self.output),
            errors=plain_console(self.errors),
            source=source,
            read_secret=self.read_secret,
        )
        return terminal.run(["setup"], self.desk.context())

    def asked(self) -> list[str]:
        return self.errors.getvalue().splitlines()


@pytest.fixture
def sitting(desk: Desk) -> Sitting:
    return Sitting(desk)


def test_fields_are_asked_for_one_by_one_and_a_secret_is_not_shown(sitting: Sitting) -> None:
    sitting.secrets.append(TOKEN)

    assert sitting.run(Keyboard("gitlab\n\n2.5\n")) == 0

    assert sitting.output.getvalue() == f"gitlab main 2.5  {len(TOKEN)}\n"
    assert sitting.errors.getvalue() == (
        "github: GitHub Actions\ngitlab: GitLab\nWho builds: Branch (optional): How long to wait.\nSeconds [10]: "
    )
    assert sitting.prompts == ["Token: "]
    assert TOKEN not in sitting.errors.getvalue()


def test_return_takes_what_stands_there_already(sitting: Sitting) -> None:
    sitting.secrets.append(TOKEN)

    assert sitting.run(Keyboard("github\ndev\n\n")) == 0

    assert sitting.output.getvalue() == f"github dev 10  {len(TOKEN)}\n"


def test_only_what_was_wrong_is_asked_for_again(sitting: Sitting) -> None:
    sitting.secrets += ["", TOKEN]

    assert sitting.run(Keyboard("circle\ndev\n5\ngitlab\n")) == 0

    assert sitting.output.getvalue() == f"gitlab dev 5  {len(TOKEN)}\n"
    said = sitting.errors.getvalue()
    assert f"Who builds: {NO_CHOICE}\nToken: {NOTHING_TYPED}\n" in said
    assert (said.count("Branch"), len(sitting.prompts)) == (1, 2)


def test_what_the_arguments_refuse_is_asked_for_again(sitting: Sitting) -> None:
    assert sitting.run(Keyboard("61\n\n60\n"), SECONDS, Field("provider", "Who builds", initial="github")) == 0

    assert "Seconds: Input should be less than or equal to 60." in sitting.errors.getvalue()
    assert sitting.output.getvalue() == "github main 60  0\n"


def test_what_the_command_refuses_is_asked_for_again(sitting: Sitting) -> None:
    sitting.secrets += ["bad", TOKEN]

    assert sitting.run(Keyboard("gitlab\n\n\n\n\n\n"), refused="bad") == 0

    assert "Token: GitLab does not know it.\n" in sitting.errors.getvalue()
    assert sitting.output.getvalue() == f"gitlab main 10  {len(TOKEN)}\n"


@pytest.mark.parametrize("typed", ["", "gitlab\n", "gitlab\n\n\n"])
def test_who_goes_away_in_the_middle_has_done_nothing(sitting: Sitting, typed: str) -> None:
    assert sitting.run(Keyboard(typed)) == 2

    assert "setup reads its text from standard input, and there was none." in sitting.asked()[-2]
    assert sitting.output.getvalue() == ""


def test_a_text_among_other_fields_ends_with_its_own_line(sitting: Sitting) -> None:
    assert sitting.run(Keyboard("one\ntwo\n"), Field("notes", "Notes", kind=FieldKind.TEXT)) == 0

    assert sitting.output.getvalue() == "main 1 one\ntwo\n 0\n".replace("main", " main", 1)


def test_where_nobody_is_the_one_thing_that_is_missing_is_read(sitting: Sitting) -> None:
    provider = Field("provider", "Who builds", initial="github")

    assert sitting.run(io.StringIO(f"{TOKEN}\nmore\n"), provider, SECONDS, SECRET) == 0

    assert sitting.output.getvalue() == f"github main 10  {len(TOKEN)}\n"
    assert (sitting.prompts, sitting.errors.getvalue()) == ([], "")


def test_where_nobody_is_and_several_things_are_missing_it_says_which_and_reads_the_secret(sitting: Sitting) -> None:
    provider, notes = Field("provider", "Who builds"), Field("notes", "Notes", kind=FieldKind.TEXT)

    assert sitting.run(io.StringIO(f"{TOKEN}\n"), provider, notes, SECONDS, SECRET) == 2

    assert sitting.asked() == [
        "Nobody can be asked here, and standard input is read for one thing only: Token. Give --provider, --notes too.",
        "Example: hub-bot exec setup --provider … --notes … < file",
    ]


@pytest.mark.parametrize(("piped", "length"), [(f"{TOKEN}\n", len(TOKEN)), ("", 0)])
def test_where_nobody_is_a_secret_that_is_not_needed_is_read_all_the_same(
    sitting: Sitting, piped: str, length: int
) -> None:
    """Who pipes a new one wants it to be taken."""
    provider, secret = Field("provider", "Who builds", initial="github"), replace(SECRET, is_optional=True)

    assert sitting.run(io.StringIO(piped), provider, secret) == 0

    assert sitting.output.getvalue() == f"github main 1  {length}\n"


def test_where_nobody_is_what_is_refused_ends_it(sitting: Sitting) -> None:
    provider = Field("provider", "Who builds", initial="gitlab")

    assert sitting.run(io.StringIO("bad\n"), provider, SECRET, refused="bad") == 2
    assert sitting.asked() == ["GitLab does not know it."]
    assert sitting.run(io.StringIO("circle\n"), FIELDS[0]) == 2
    assert sitting.asked()[-1] == NO_CHOICE


def test_where_nobody_is_and_nothing_is_missing_nothing_is_read(sitting: Sitting) -> None:
    source = io.StringIO("left alone\n")

    assert sitting.run(source, Field("provider", "Who builds", initial="github")) == 0
    assert source.read() == "left alone\n"
