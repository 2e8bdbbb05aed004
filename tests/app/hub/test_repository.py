"""The hub's client, against a hub on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.errors import HubError
from app.hub import Hub
from app.settings import HubSettings
from tests.app.hub.conftest import REPOSITORY
from tests.hub import LocalHub, Shelf

TOKEN = "hf_secret"  # noqa: S105  of a hub on this machine
GRAPH, WEIGHTS = "onnx/model.onnx", "onnx/model.onnx_data"


def quietly(size: int) -> None:
    """Tell nobody."""


def test_a_repository_is_listed_with_sizes_licence_and_commit(
    hub: Hub, local_hub: LocalHub
) -> None:
    repository = hub.repository(REPOSITORY, "v1")

    folder = local_hub.shelves[REPOSITORY].folder
    assert repository.files[WEIGHTS] == (folder / WEIGHTS).stat().st_size
    assert {"config.json", "tokenizer.json", GRAPH} < repository.files.keys()
    assert repository.licence == "apache-2.0"
    source = repository.source(GRAPH)
    assert (source.repository, source.file) == (REPOSITORY, GRAPH)
    assert source.revision == local_hub.shelves[REPOSITORY].sha
    assert hub.repository(REPOSITORY, source.revision).files == repository.files


def test_files_are_fetched_once_and_counted(hub: Hub, local_hub: LocalHub) -> None:
    counted: list[int] = []
    repository = hub.repository(REPOSITORY)
    for _ in range(2):
        found = repository.fetch([GRAPH, WEIGHTS], counted.append)

    folder = local_hub.shelves[REPOSITORY].folder
    assert found[WEIGHTS].read_bytes() == (folder / WEIGHTS).read_bytes()
    assert sum(counted) == 2 * (repository.files[GRAPH] + repository.files[WEIGHTS])
    assert len(local_hub.asked) == 2
    repository.forget()
    assert not found[GRAPH].exists()


def test_a_cut_connection_is_resumed_in_one_call(hub: Hub, local_hub: LocalHub) -> None:
    local_hub.cuts["model.onnx_data"] = [1_000, 500]
    counted: list[int] = []
    repository = hub.repository(REPOSITORY)

    found = repository.fetch([WEIGHTS], counted.append)

    assert [asked for _, asked, _ in local_hub.asked] == [None, "bytes=1000-", "bytes=1500-"]
    assert sum(counted) == repository.files[WEIGHTS]
    folder = local_hub.shelves[REPOSITORY].folder
    assert found[WEIGHTS].read_bytes() == (folder / WEIGHTS).read_bytes()


def test_what_came_before_a_failure_is_kept_for_the_next_call(
    hub: Hub, local_hub: LocalHub
) -> None:
    local_hub.cuts["model.onnx_data"] = [1_000, *[0] * 5]
    repository = hub.repository(REPOSITORY)
    with pytest.raises(HubError, match="run the command again"):
        repository.fetch([WEIGHTS], quietly)
    local_hub.asked.clear()

    counted: list[int] = []
    found = hub.repository(REPOSITORY).fetch([WEIGHTS], counted.append)

    assert [asked for _, asked, _ in local_hub.asked] == ["bytes=1000-"]
    assert counted[0] == 1_000
    folder = local_hub.shelves[REPOSITORY].folder
    assert found[WEIGHTS].read_bytes() == (folder / WEIGHTS).read_bytes()


def test_a_host_that_knows_no_ranges_sends_all_again(hub: Hub, local_hub: LocalHub) -> None:
    local_hub.ignores_ranges = True
    local_hub.cuts["model.onnx_data"] = [1_000]
    counted: list[int] = []
    repository = hub.repository(REPOSITORY)

    found = repository.fetch([WEIGHTS], counted.append)

    folder = local_hub.shelves[REPOSITORY].folder
    assert found[WEIGHTS].read_bytes() == (folder / WEIGHTS).read_bytes()
    assert sum(counted) == repository.files[WEIGHTS]


@pytest.mark.parametrize("file", ["onnx/model.onnx_data", "config.json"])
def test_other_content_than_listed_is_thrown_away(hub: Hub, local_hub: LocalHub, file: str) -> None:
    content = bytearray((local_hub.shelves[REPOSITORY].folder / file).read_bytes())
    content[len(content) // 2] ^= 1
    local_hub.forged[file.rpartition("/")[2]] = bytes(content)
    repository = hub.repository(REPOSITORY)

    for _ in range(2):
        with pytest.raises(HubError, match="digest"):
            repository.fetch([file], quietly)
    assert {asked for _, asked, _ in local_hub.asked} == {None}
    assert not [path for path in repository.folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("extra", [-1, 1, 10_000])
def test_a_file_of_another_length_is_refused(hub: Hub, local_hub: LocalHub, extra: int) -> None:
    content = (local_hub.shelves[REPOSITORY].folder / WEIGHTS).read_bytes()
    local_hub.forged["model.onnx_data"] = content[:extra] if extra < 0 else content + b"x" * extra

    with pytest.raises(HubError):
        hub.repository(REPOSITORY).fetch([WEIGHTS], quietly)


def test_the_token_is_sent_to_the_hub_and_to_no_other_host(
    local_hub: LocalHub, tmp_path: Path
) -> None:
    local_hub.shelves[REPOSITORY].token = TOKEN
    settings = HubSettings.model_validate({"endpoint": local_hub.url + "/", "token": TOKEN})
    repository = Hub(settings, tmp_path).repository(REPOSITORY)

    repository.fetch(["config.json", WEIGHTS], quietly)

    assert [(path, told) for path, _, told in local_hub.asked] == [
        ("config.json", "Bearer hf_secret"),
        (WEIGHTS, None),
    ]


@pytest.mark.parametrize(
    ("name", "revision", "told"),
    [
        ("maker/absent", None, "no repository maker/absent, or it is private"),
        ("maker/closed", None, "gated.*Accept its conditions"),
        (REPOSITORY, "v9", "no revision 'v9'"),
        ("not a name", None, "OWNER/NAME"),
        ("maker/../../etc", None, "OWNER/NAME"),
    ],
)
@pytest.mark.parametrize("token", [None, "hf_other"])
def test_what_cannot_be_had_is_told_in_a_sentence(
    local_hub: LocalHub,
    tmp_path: Path,
    name: str,
    revision: str | None,
    told: str,
    token: str | None,
) -> None:
    closed = Shelf(tmp_path, token=TOKEN, is_gated=True)
    local_hub.shelves["maker/closed"] = closed
    settings = HubSettings.model_validate({"endpoint": local_hub.url, "token": token})

    with pytest.raises(HubError, match=told):
        Hub(settings, tmp_path).repository(name, revision)


def test_a_hub_that_is_not_there(tmp_path: Path) -> None:
    hub = Hub(HubSettings(endpoint="http://127.0.0.1:1"), tmp_path)

    with pytest.raises(HubError, match="failed"):
        hub.repository(REPOSITORY)


def test_too_little_room_is_told_before_anything_is_fetched(
    hub: Hub, local_hub: LocalHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.hub.repository.MARGIN_BYTES", 2**62)

    with pytest.raises(HubError, match="room"):
        hub.repository(REPOSITORY).fetch([WEIGHTS], quietly)
    assert local_hub.asked == []
