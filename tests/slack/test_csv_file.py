import csv
import io
from datetime import UTC, datetime

import pytest

from bot.document import Code, Column, Count, Moment, Size, Table
from bot.slack.csv_file import csv_file, csv_name


def test_numbers_are_numbers_and_times_are_utc() -> None:
    columns = (Column("Tag"), Column("Size", numeric=True), Column("Pulls", numeric=True), Column("Pushed"))
    at = datetime(2026, 11, 21, 14, 5, 9, tzinfo=UTC)
    rows = ((Code("1.27"), Size(84_200_000), Count(1204), Moment(at)), ("x,y", Size(None), Count(None), Moment(None)))

    content = csv_file(Table("Tags", columns, rows)).decode()

    assert content == (
        'Tag,Size (bytes),Pulls,Pushed\r\n1.27,84200000,1204,2026-11-21T14:05:09Z\r\n"x,y",unknown,unknown,unknown\r\n'
    )


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_spreadsheet_computes_nothing(start: str) -> None:
    table = Table("t", (Column(f"{start}head"),), ((f"{start}1+2",), ("fine",)))

    cells = [row[0] for row in csv.reader(io.StringIO(csv_file(table).decode(), newline=""))]

    assert cells == [f"'{start}head", f"'{start}1+2", "fine"]


def test_what_is_no_unicode_is_written_all_the_same() -> None:
    assert csv_file(Table("t", (Column("a"),), (("\ud800",),))) == b"a\r\n?\r\n"


@pytest.mark.parametrize(
    ("caption", "name"), [("Tags of acme/api", "tags-of-acme-api.csv"), ("../../etc", "etc.csv"), ("😀", "table.csv")]
)
def test_the_file_is_named_for_what_is_in_it(caption: str, name: str) -> None:
    assert csv_name(Table(caption, (), ())) == name
