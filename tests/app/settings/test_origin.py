import pytest

from app.settings.origin import Origin, dotted, line_of, variable

FILE = """\
port = 1

# before the group
[limits]
request_s = 1.0  # [ a bracket in a comment
note = "]["

[[chain]]
id = "one"
options = { words = [
  "#",
  'b"',
] }

[[chain]]
id = '''
two'''
stage = "input"
options.limit = 4
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("port",), 1),
        (("limits",), 4),
        (("limits", "request_s"), 5),
        (("limits", "note"), 6),
        (("limits", "absent"), 4),
        (("chain",), 8),
        (("chain", 0, "options", "words", 1), 10),
        (("chain", 1), 15),
        (("chain", 1, "id"), 16),
        (("chain", 1, "stage"), 18),
        (("chain", 1, "options", "limit"), 19),
        (("chain", 1, "options", "absent"), 19),
        (("chain", 2), 8),
        (("absent",), None),
    ],
)
def test_a_path_is_found_on_its_line(path: tuple[str | int, ...], line: int | None) -> None:
    assert line_of(FILE, path) == line


def test_a_last_line_without_line_end_is_found() -> None:
    assert line_of("a = 1\nb = 2", ("b",)) == 2


def test_a_variable_is_named_before_the_file() -> None:
    origin = Origin("p.toml", FILE, frozenset({"PENSTOCK_LIMITS__REQUEST_S", "PENSTOCK_CHAIN"}))

    assert origin.locate(("limits", "request_s")) == "PENSTOCK_LIMITS__REQUEST_S"
    assert origin.locate(("limits", "note")) == "p.toml:6"
    assert origin.locate(("chain", 1, "id")) == "PENSTOCK_CHAIN"
    assert origin.locate(("absent",)) == "p.toml"
    assert origin.locate(()) == "p.toml"


def test_what_was_written_is_told_from_what_was_not() -> None:
    origin = Origin("p.toml", FILE, frozenset({"PENSTOCK_HOST"}))

    assert origin.mentions(("limits", "note"))
    assert origin.mentions(("host",))
    assert not origin.mentions(("limits", "absent"))
    assert not Origin().mentions(("port",))


def test_a_path_is_written_as_people_do() -> None:
    assert dotted(("chain", 3, "options", "words")) == "chain[3].options.words"
    assert variable(("limits", "request_s")) == "PENSTOCK_LIMITS__REQUEST_S"
