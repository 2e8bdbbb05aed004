from app.settings import ChainEntry, Settings
from app.settings.reference import groups, rows


def test_every_setting_is_explained() -> None:
    unexplained = [row.path for row in rows() if not row.meaning.endswith(".")]

    assert unexplained == []


def test_every_setting_has_a_row() -> None:
    inner = groups(Settings)
    expected: set[tuple[str, ...]] = {
        (name,) for name in Settings.model_fields if name not in inner
    }
    expected |= {(name, key) for name, group in inner.items() for key in group.model_fields}
    expected |= {("chain", name) for name in ChainEntry.model_fields}

    assert {row.path for row in rows()} == expected - {("chain",)}


def test_a_row_says_what_is_allowed() -> None:
    found = {row.path: row for row in rows()}

    assert found["port",].allowed == "≥ 0, ≤ 65535"
    assert found["recorder", "durability"].allowed == "process, disk, database"
    assert found["chain", "mode"].allowed == "enforce, shadow, off"
    assert found["chain", "id"].default == ""
    assert found["limits", "request_s"].default == "30.0"
