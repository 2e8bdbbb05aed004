"""What the image and the compose file promise."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.settings import Settings

ROOT = Path(__file__).parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
pytestmark = pytest.mark.check


def stages() -> dict[str, list[str]]:
    """Return each stage's instructions; a stage built on another one begins with its."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in filter(None, map(str.strip, DOCKERFILE.splitlines())):
        if match := re.fullmatch(r"FROM (\S+) AS (\S+)", line):
            found[match[2]] = lines = list(found.get(match[1], []))
        elif not line.startswith("#"):
            lines.append(line)
    return found


@pytest.mark.parametrize("target", ["cpu", "gpu"])
def test_the_server_runs_as_a_user_of_its_own(target: str) -> None:
    lines = stages()[target]

    assert [line for line in lines if line.startswith("USER")] == ["USER 10001:10001"]
    assert any("useradd" in line and "--uid 10001" in line for line in lines)


@pytest.mark.parametrize("target", ["cpu", "gpu"])
def test_the_image_tells_docker_how_to_treat_it(target: str) -> None:
    text = "\n".join(stages()[target])

    assert "STOPSIGNAL SIGTERM" in text
    assert re.search(r"HEALTHCHECK .*/livez", text)
    assert "VOLUME /var/lib/penstock" in text
    assert "PENSTOCK_HOME=/var/lib/penstock" in text
    assert 'ENTRYPOINT ["penstock"]' in text
    assert 'CMD ["serve"]' in text


@pytest.mark.parametrize("target", ["cpu", "gpu"])
def test_everything_installed_was_checked_by_hash(target: str) -> None:
    built = "\n".join(stages()[f"venv-{target}"])

    assert f"COPY --from=venv-{target} /opt/penstock /opt/penstock" in stages()[target]
    assert f"COPY requirements/{target}.txt /requirements.txt" in built
    for install in re.findall(r"pip install[^&\n]*", DOCKERFILE):
        assert "--require-hashes" in install or "--no-deps /wheels/*.whl" in install


def test_the_default_target_needs_no_gpu() -> None:
    assert list(stages())[-1] == "cpu"


def test_what_is_copied_is_let_through() -> None:
    allowed = {
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    copied = {
        source.partition("/")[0]
        for sources in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
        for source in sources.split()
    }

    assert copied == allowed
    assert all((ROOT / name).exists() for name in allowed)


def test_compose_waits_for_the_database_and_keeps_its_state() -> None:
    app, db = COMPOSE["services"]["app"], COMPOSE["services"]["db"]

    assert app["depends_on"]["db"]["condition"] == "service_healthy"
    assert "pg_isready" in " ".join(db["healthcheck"]["test"])
    named = {volume.partition(":")[0] for s in (app, db) for volume in s["volumes"]}
    assert named == COMPOSE["volumes"].keys()


def test_no_line_of_the_env_file_breaks_what_compose_counts_on() -> None:
    app = COMPOSE["services"]["app"]
    pinned = app["environment"]

    assert app["ports"] == [f"127.0.0.1:${{PORT:-8000}}:{pinned['PENSTOCK_PORT']}"]
    assert app["volumes"] == [f"state:{pinned['PENSTOCK_HOME']}"]
    assert pinned["PENSTOCK_HOST"] == "0.0.0.0"  # noqa: S104
    # The server refuses variables that it does not know, unless they are empty.
    said_to_compose = set(re.findall(r"\$\{(PENSTOCK_\w+)", str(COMPOSE)))
    assert {pinned[name] for name in said_to_compose} == {""}


def test_compose_holds_no_secret() -> None:
    app, db = COMPOSE["services"]["app"], COMPOSE["services"]["db"]

    assert app["env_file"] == ".env"
    assert db["environment"]["POSTGRES_PASSWORD"].startswith("${POSTGRES_PASSWORD:?")
    assert "${POSTGRES_PASSWORD:?" in app["environment"]["PENSTOCK_DATABASE_URL"]
    assert "/.env" in (ROOT / ".gitignore").read_text().splitlines()


def test_compose_gives_the_server_time_to_end() -> None:
    settings = Settings()
    needed = (
        settings.drain_delay_s + settings.shutdown_timeout_s + settings.recorder.drain_timeout_s
    )

    grace: Any = COMPOSE["services"]["app"]["stop_grace_period"]
    assert float(grace.removesuffix("s")) > needed
