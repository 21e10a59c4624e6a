"""The compiled modules on disk, for one version of Python, with the digests of their sources."""

import hashlib
import json
from collections.abc import Mapping
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import NamedTuple

STREAMS = Path(__file__).resolve().parent.parent
SUFFIX = EXTENSION_SUFFIXES[0]
"""Of an extension module, with the version of Python and the platform."""
_MANIFEST = "manifest.json"


class Library(NamedTuple):
    """Compiled modules and what they were built from."""

    folder: Path
    sources: Mapping[str, str]
    """Digest of the source of each module, by the module's name."""
    built_with: str = ""
    """Digest of all else that a build depends on."""

    def file(self, module: str) -> Path:
        """The compiled form of `module`."""
        return self.folder.joinpath(*module.split(".")).with_suffix(SUFFIX)

    def remove(self) -> None:
        """Removes the manifest: what lies in `folder` is no library until the next one."""
        (self.folder / _MANIFEST).unlink(missing_ok=True)

    def write(self) -> None:
        """Writes the manifest, which makes the modules of `folder` the library."""
        content = {"built_with": self.built_with, "sources": dict(self.sources)}
        (self.folder / _MANIFEST).write_text(json.dumps(content, indent=1) + "\n")


def library_of(package: Path = STREAMS) -> Library | None:
    """The library of the package in the folder `package` for this Python, if one was built."""
    folder = library_folder(package)
    try:
        content = json.loads((folder / _MANIFEST).read_text())
    except FileNotFoundError:
        return None
    return Library(folder, content["sources"], content["built_with"])


def library_folder(package: Path = STREAMS) -> Path:
    """Where the library lies."""
    return package / "compiled" / "library" / SUFFIX.split(".")[1]


def source_of(module: str, package: Path = STREAMS) -> Path:
    """The source of `module`: `.py`, or `.pyx` for one that only the compiler reads."""
    path = package.parent.joinpath(*module.split("."))
    python = path.with_suffix(".py")
    return python if python.exists() else path.with_suffix(".pyx")


def digest(path: Path) -> str:
    """Digest of a file."""
    return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
