"""A repository of a hub that speaks Hugging Face's API."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from huggingface_hub import HfApi, constants, hf_hub_url
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import ModelInfo

from app import __version__
from app.bundles.bundle import MAX_BUNDLE_BYTES
from app.bundles.manifest import Source
from app.errors import BundleError, HubError
from app.hub.download import RemoteFile, download
from app.hub.origin import Advance
from app.settings import HubSettings

LISTING_S = 30.0
"""Longest time for the list of a repository's files."""
MAX_FILES = 10_000
MARGIN_BYTES = 64 * 2**20
"""Left free on the disk."""
_COMMIT = re.compile(r"[0-9a-f]{40,64}")
_PATH = re.compile(r"[^/\\\x00-\x1f]+(/[^/\\\x00-\x1f]+)*")


class Hub:
    """Finds repositories.

    Args:
        settings: where, and with which token.
        cache: a folder for what has been fetched, in part or whole, until its bundle is written.
    """

    def __init__(self, settings: HubSettings, cache: Path) -> None:
        # The library would otherwise tell the hub what runs here.
        constants.HF_HUB_DISABLE_TELEMETRY = True
        self.endpoint = settings.endpoint.rstrip("/")
        self.cache = cache
        self.token = settings.token.get_secret_value() if settings.token else None

    def repository(self, name: str, revision: str | None = None) -> Repository:
        """List a repository's files at a branch, tag or commit; by default the main branch.

        Raises:
            HubError: there is no such repository or revision, it is closed to this token, or the
                hub cannot be reached.
        """
        api = HfApi(self.endpoint, token=self.token or False)
        with self.asking(name, revision):
            listed = api.model_info(name, revision=revision, files_metadata=True, timeout=LISTING_S)
        return Repository(self, name, listed)

    @property
    def headers(self) -> dict[str, str]:
        """What comes with every request for a file."""
        headers = {"user-agent": f"penstock/{__version__}"}
        return headers | ({"authorization": f"Bearer {self.token}"} if self.token else {})

    @contextmanager
    def asking(self, name: str, revision: str | None = None) -> Iterator[None]:
        """Say in one sentence what went wrong, and how to mend it."""
        try:
            yield
        except BundleError:
            raise
        except HubError:
            raise
        except Exception as error:  # the library raises what the network stack below it does
            raise HubError(self._told(error, name, revision)) from error

    def _told(self, error: Exception, name: str, revision: str | None) -> str:
        match error:
            case HFValidationError():
                return (
                    f"{name!r} is no name of a repository: write OWNER/NAME or OWNER/NAME@REVISION."
                )
            case GatedRepoError():
                return (
                    f"{name} is gated. Accept its conditions at {self.endpoint}/{name}, then set "
                    "HF_TOKEN to a token of the account that did."
                )
            case RepositoryNotFoundError():
                return (
                    f"{self.endpoint} has no repository {name}, or it is private: then set "
                    "HF_TOKEN to a token that may read it."
                )
            case RevisionNotFoundError():
                return f"{name} has no revision {revision!r}."
            case OfflineModeIsEnabled():
                return "HF_HUB_OFFLINE is set, so nothing is fetched."
            case HfHubHTTPError():
                return _refused(self.endpoint, name, error.response.status_code)
            case OSError() if error.strerror:
                return f"{name} could not be fetched: {error.strerror}."
        return (
            f"Fetching {name} from {self.endpoint} failed ({type(error).__name__}). What has come "
            "is kept: run the command again to go on."
        )


class Repository:
    """The files of a repository at one commit (implements `app.hub.Origin`)."""

    def __init__(self, hub: Hub, name: str, listed: ModelInfo) -> None:
        self._hub = hub
        self.name = name
        self.revision = _commit(name, listed)
        self.licence = _licence(listed)
        self._files = {file.path: file for file in _files(name, listed)}
        self.files: Mapping[str, int] = MappingProxyType(
            {path: file.bytes for path, file in self._files.items()}
        )
        self.folder = hub.cache / name.replace("/", "--") / self.revision

    def fetch(self, paths: Sequence[str], advance: Advance) -> Mapping[str, Path]:
        """See `Origin`; what was fetched before is not fetched again."""
        wanted = [self._files[path] for path in paths]
        self._check_room(wanted)
        found = {}
        for file in wanted:
            url = hf_hub_url(
                self.name, file.path, revision=self.revision, endpoint=self._hub.endpoint
            )
            with self._hub.asking(self.name):
                found[file.path] = download(url, self._hub.headers, file, self.folder, advance)
        return found

    def source(self, graph: str) -> Source:
        """See `Origin`."""
        return Source(repository=self.name, revision=self.revision, file=graph)

    def forget(self) -> None:
        """See `Origin`."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _check_room(self, wanted: Sequence[RemoteFile]) -> None:
        needed = sum(file.bytes for file in wanted)
        if needed > MAX_BUNDLE_BYTES:
            raise HubError(f"{self.name}: {needed} bytes are more than a bundle may have.")
        self.folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self.folder).free - MARGIN_BYTES
        missing = sum(file.bytes - file.present(self.folder) for file in wanted)
        if missing > free:
            raise HubError(
                f"{self.name}: {missing // 10**6} MB are still to come, and {self.folder} has room "
                f"for {max(0, free) // 10**6} MB."
            )


def _files(name: str, listed: ModelInfo) -> Iterator[RemoteFile]:
    siblings = listed.siblings or []
    if len(siblings) > MAX_FILES:
        raise HubError(f"{name} has more than {MAX_FILES} files.")
    for sibling in siblings:
        path, size = sibling.rfilename, sibling.size
        is_safe = _PATH.fullmatch(path) and not {".", ".."} & set(path.split("/"))
        if is_safe and size is not None and size >= 0:
            sha256 = sibling.lfs.sha256 if sibling.lfs else None
            yield RemoteFile(path, size, sha256, None if sibling.lfs else sibling.blob_id)


def _commit(name: str, listed: ModelInfo) -> str:
    if not listed.sha or not _COMMIT.fullmatch(listed.sha):
        raise HubError(f"The hub does not say which commit of {name} this is.")
    return listed.sha


def _licence(listed: ModelInfo) -> str:
    card: dict[str, Any] = dict(vars(listed.card_data)) if listed.card_data else {}
    told = card.get("license_name") or card.get("license")
    if isinstance(told, list):
        told = ", ".join(map(str, told))
    return str(told or "")


def _refused(endpoint: str, name: str, status: int) -> str:
    if status in (401, 403):
        return (
            f"{endpoint} does not open {name} to this token: set HF_TOKEN to one that may read it."
        )
    return f"{endpoint} answered {status} for {name}. What has come is kept: try again later."
