import pytest

from app.cli.client import Piece, Refused, ask, events
from app.errors import InvalidRequest, Unavailable
from tests.app.cli.server import Prepared, serving

DONE = b'event: done\ndata: {"id": 1}\n\n'


def collect(prepared: Prepared) -> list[Piece]:
    with serving(prepared):
        return list(ask(prepared.url, "psk_x", {"prompt": "Why?"}, 5.0))


def test_events_are_read() -> None:
    lines = ["event: delta", 'data: {"text": "a: b"}', "", ": a comment", "data:1", "data:", "", ""]

    assert list(events(lines)) == [Piece("delta", {"text": "a: b"}), Piece("message", 1)]


def test_an_answer_is_read_to_its_end() -> None:
    prepared = Prepared(body=b'event: delta\ndata: {"text": "Be"}\n\n' + DONE + b"event: late\n")

    assert collect(prepared) == [Piece("delta", {"text": "Be"}), Piece("done", {"id": 1})]
    assert prepared.asked == [{"prompt": "Why?"}]
    assert prepared.keys == ["Bearer psk_x"]


@pytest.mark.parametrize(
    ("prepared", "message"),
    [
        (Prepared(401, b'{"error": {"message": "No."}}'), r"The server answered 401: No\."),
        (Prepared(502, b"<html>"), "The server answered 502: It does not seem to be Penstock"),
        (Prepared(500, b"[]"), "It does not seem to be Penstock"),
        (Prepared(body=b'event: error\ndata: {"error": {"message": "Late."}}\n\n'), r"^Late\.$"),
    ],
)
def test_an_error_of_the_server_is_told(prepared: Prepared, message: str) -> None:
    with pytest.raises(Refused, match=message):
        collect(prepared)


@pytest.mark.parametrize("body", [b"", b'event: delta\ndata: {"text": "Be"}\n\n'])
def test_an_answer_that_breaks_off_is_no_answer(body: bytes) -> None:
    with pytest.raises(Unavailable, match="closed the connection"):
        collect(Prepared(body=body))


def test_nobody_there_is_told() -> None:
    with serving(Prepared()) as prepared:
        pass

    with pytest.raises(Unavailable, match=f"No server answers at {prepared.url}"):
        list(ask(prepared.url, "psk_x", {}, 5.0))


@pytest.mark.parametrize("key", ["é", "psk_\n", "\udce9"])
def test_a_key_that_is_none_is_told(key: str) -> None:
    with pytest.raises(InvalidRequest, match="one line of ASCII"):
        list(ask("http://127.0.0.1:1", key, {}, 5.0))


@pytest.mark.parametrize("url", ["nonsense", "localhost:8000", "http://", "http://:x", "ftp://x"])
def test_a_bad_address_is_told(url: str) -> None:
    with pytest.raises(InvalidRequest, match="write http://host:port"):
        list(ask(url, "psk_x", {}, 5.0))


def test_tls_to_a_server_without_is_told() -> None:
    with serving(Prepared()) as prepared:
        url = prepared.url.replace("http:", "https:")
        with pytest.raises(Unavailable, match="Then write http://"):
            list(ask(url, "psk_x", {}, 5.0))
