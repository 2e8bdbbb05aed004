from pathlib import Path

import pytest

from app.errors import SettingsError
from app.settings import Settings, load_settings

FILE = """\
# A comment, then a group.
port = 9000
models = ["a",
  "b # not a comment",
]

[limits]
request_s = 12.5

[[chain]]
id = "first"
filter = "keyword"
stage = "input"
options = { words = ["x"] }
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("CONFIG", "HOST", "PORT", "HOME", "DATABASE_URL"):
        monkeypatch.delenv(f"PENSTOCK_{name}", raising=False)
    return tmp_path


def write(text: str, name: str = "penstock.toml") -> Path:
    file = Path(name)
    file.write_text(text)
    return file


def refusal(text: str) -> str:
    write(text)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    return caught.value.message


def test_without_file_and_variables_the_defaults_hold() -> None:
    settings = load_settings()

    assert settings.model_dump() == Settings().model_dump()
    assert settings.locate("port") == "defaults"


def test_the_file_of_the_working_directory_is_read() -> None:
    write(FILE)

    settings = load_settings()

    assert (settings.port, settings.models) == (9000, ("a", "b # not a comment"))
    assert settings.limits.request_s == 12.5
    assert settings.limits.messages == 64
    assert settings.chain[0].options == {"words": ["x"]}


def test_the_environment_wins_and_keeps_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    write(FILE)
    monkeypatch.setenv("PENSTOCK_PORT", "9001")
    monkeypatch.setenv("PENSTOCK_LIMITS__MESSAGES", "3")
    monkeypatch.setenv("PENSTOCK_MODELS", "x, y@2")
    monkeypatch.setenv("PENSTOCK_SOURCES", "docs,README.md")
    monkeypatch.setenv("PENSTOCK_DATABASE_URL", "")

    settings = load_settings()

    assert (settings.port, settings.models) == (9001, ("x", "y@2"))
    assert (settings.limits.messages, settings.limits.request_s) == (3, 12.5)
    assert settings.sources == (Path("docs"), Path("README.md"))
    assert settings.database_url is None


def test_another_file_may_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    write("port = 1\n")
    write("port = 2\n", "two.toml")
    write("port = 3\n", "three.toml")
    monkeypatch.setenv("PENSTOCK_CONFIG", "two.toml")

    assert load_settings().port == 2
    assert load_settings(Path("three.toml")).port == 3


def test_a_named_file_must_exist() -> None:
    with pytest.raises(SettingsError, match=r"cannot read the settings file gone\.toml"):
        load_settings(Path("gone.toml"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("prot = 1\n", "penstock.toml:1: unknown key 'prot'; did you mean port?"),
        (
            "[limits]\n\nreqest_s = 1\n",
            "penstock.toml:3: unknown key 'limits.reqest_s'; did you mean request_s?",
        ),
        (
            FILE + "treshold = 1\n",
            "penstock.toml:15: unknown key 'chain[0].treshold'; did you mean threshold?",
        ),
        (
            FILE + "on_error = { rasied = 'open' }\n",
            "penstock.toml:15: chain[0].on_error.rasied: nothing fails so; known are raised, ",
        ),
        ("zzz = 1\n", "penstock.toml:1: unknown key 'zzz'"),
        ("[recorder]\nmax_bytes = 0\n", "penstock.toml:2: recorder.max_bytes: it should be "),
        ('log_level = "loud"\n', "penstock.toml:1: log_level: it should be 'debug', 'info', "),
        ('# one\nport = "many"\n', "penstock.toml:2: port: it should be a valid integer"),
        ("[[chain]]\nid = 'a'\nstage = 'input'\n", "penstock.toml:1: chain[0].filter is missing"),
        (
            FILE + FILE[FILE.index("[[chain]]") :],
            "penstock.toml:16: chain[1].id: another filter of the chain has this id already",
        ),
        ("port = 1\nport = 2\n", "penstock.toml:2: not valid TOML: cannot overwrite a value"),
        ("port = \n", "penstock.toml:1: not valid TOML: invalid value"),
        ("a = [1,\n\n", "penstock.toml:3: not valid TOML: "),
        ('database_url = "mysql://u:hush@h/d"\n', "penstock.toml:1: database_url: it should begin"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(text: str, message: str) -> None:
    refused = refusal(text)

    assert refused.startswith(message)
    assert "hush" not in refused
    assert "\n" not in refused


def test_every_problem_is_named_at_once() -> None:
    assert len(refusal("prot = 1\nhots = 2\n[limits]\nbody_s = -1\n").splitlines()) == 3


def test_a_file_in_another_encoding_is_refused_with_its_line() -> None:
    Path("penstock.toml").write_bytes(b"port = 1\n# caf\xe9\n")

    with pytest.raises(SettingsError, match=r"penstock.toml:2: the file is not UTF-8"):
        load_settings()


def test_a_huge_file_is_refused() -> None:
    assert "larger than" in refusal("#" * 1_000_001)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("PORTT", "1", "PENSTOCK_PORTT: unknown environment variable; did you mean PENSTOCK_PORT?"),
        (
            "LIMITS__REQUEST",
            "1",
            "PENSTOCK_LIMITS__REQUEST: unknown environment variable; "
            "did you mean PENSTOCK_LIMITS__REQUEST_S?",
        ),
        (
            "RETRIEVAL__FOO",
            "1",
            "PENSTOCK_RETRIEVAL__FOO: unknown environment variable; known are "
            "PENSTOCK_RETRIEVAL__CHUNK_CHARS, PENSTOCK_RETRIEVAL__REFRESH_S",
        ),
        ("PORT", "many", "PENSTOCK_PORT: port: it should be a valid integer"),
        ("LIMITS__BODY_S", "0", "PENSTOCK_LIMITS__BODY_S: limits.body_s: it should be greater"),
        ("CHAIN", "[{", "PENSTOCK_CHAIN: the value is not JSON"),
        ("CHAIN", '[{"id": "a"}]', "PENSTOCK_CHAIN: chain[0].filter is missing"),
        ("LIMITS", '{"messages": "x"}', "PENSTOCK_LIMITS: limits.messages: it should be"),
    ],
)
def test_a_bad_variable_is_refused_by_name(
    name: str, value: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(FILE)
    monkeypatch.setenv(f"PENSTOCK_{name}", value)

    with pytest.raises(SettingsError) as caught:
        load_settings()

    assert caught.value.message.startswith(message)


def test_variables_of_the_command_line_and_of_tests_are_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PENSTOCK_KEY", "psk_x")
    monkeypatch.setenv("PENSTOCK_TEST_ANYTHING", "1")

    assert load_settings().model_dump() == Settings().model_dump()


def test_what_other_programs_say_of_the_hub_counts_least(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "penstock.toml"
    file.write_text('[hub]\nendpoint = "https://file.example"\n')
    monkeypatch.setenv("HF_ENDPOINT", "https://hf.example")
    monkeypatch.setenv("HF_TOKEN", " hf_abc\n")

    hub = load_settings(file).hub
    assert hub.endpoint == "https://file.example"
    assert hub.token
    assert hub.token.get_secret_value() == "hf_abc"

    file.write_text("")
    assert load_settings(file).hub.endpoint == "https://hf.example"
    monkeypatch.setenv("PENSTOCK_HUB__ENDPOINT", "https://own.example")
    assert load_settings(file).hub.endpoint == "https://own.example"
    monkeypatch.setenv("PENSTOCK_HUB__ENDPOINT", "hub.example")
    with pytest.raises(SettingsError, match="PENSTOCK_HUB__ENDPOINT"):
        load_settings(file)
