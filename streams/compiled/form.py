"""The form in which the hot modules of this process run: compiled or interpreted.

    SENDFLOW_FORM   (unset)       compiled, if a library is there and all its sources are unchanged
                    compiled      the same, and FormUnavailable otherwise
                    interpreted   never compiled

One form for all modules: a checkout in which somebody edits a hot module runs interpreted until the
next `make install`, so nobody runs code that isn't in the sources.
"""

import sys
from collections.abc import Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ExtensionFileLoader, ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from streams.compiled.library import STREAMS, Library, digest, library_of, source_of

VARIABLE = "SENDFLOW_FORM"
COMPILED, INTERPRETED = "compiled", "interpreted"


class FormUnavailable(ImportError):
    """The form that SENDFLOW_FORM demands isn't there."""


class Form(NamedTuple):
    """A form, and why it isn't the compiled one."""

    is_compiled: bool
    reason: str = ""

    def __str__(self) -> str:
        return COMPILED if self.is_compiled else f"{INTERPRETED}: {self.reason}"


_used = Form(is_compiled=False, reason="not chosen yet")


def form() -> Form:
    """The form of this process."""
    return _used


def use_form(asked: str | None) -> None:
    """Chooses the form of this process; `asked` is SENDFLOW_FORM. Called once, before any hot
    module is imported. Raises FormUnavailable."""
    global _used
    library = library_of()
    _used = form_of(asked, library)
    if _used.is_compiled:
        assert library is not None
        sys.meta_path.insert(
            0, CompiledModules({name: library.file(name) for name in library.sources})
        )


def form_of(asked: str | None, library: Library | None, package: Path = STREAMS) -> Form:
    """The form for what is asked and what is there. Raises FormUnavailable."""
    if asked == INTERPRETED:
        return Form(is_compiled=False, reason=f"{VARIABLE} says so")
    if asked not in (None, "", COMPILED):
        raise FormUnavailable(
            f"{VARIABLE}: expected {COMPILED} or {INTERPRETED}, found {asked!r}; "
            "unset, the compiled form runs if there is one"
        )
    reason = _missing(library, package)
    if reason and asked == COMPILED:
        raise FormUnavailable(
            f"{VARIABLE} demands the compiled form: {reason}; run `make install` in a checkout, or "
            "install a wheel that was built where a C compiler is"
        )
    return Form(is_compiled=not reason, reason=reason)


def _missing(library: Library | None, package: Path) -> str:
    """Why the compiled form can't run; empty if it can."""
    if library is None:
        return "never compiled for this Python"
    for module, built_from in library.sources.items():
        try:
            if digest(source_of(module, package)) != built_from:
                return f"{module} has changed since it was compiled"
        except FileNotFoundError:
            return f"the source of {module} is missing"
        if not library.file(module).exists():
            return f"the compiled {module} is missing"
    return ""


class CompiledModules(MetaPathFinder):
    """Finds the compiled form of a module before its source is found."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = files

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See MetaPathFinder."""
        file = self._files.get(fullname)
        if file is None:
            return None
        loader = ExtensionFileLoader(fullname, str(file))
        return spec_from_file_location(fullname, file, loader=loader)
