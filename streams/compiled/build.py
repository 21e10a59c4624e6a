"""Builds the compiled form:

    python -m streams.compiled.build [--required]

    source ──► Cython ──► C, with slot_cache.h ──► C compiler ──► library ──► manifest

Without Cython, a C compiler or the headers of Python it says so and ends well, because the
interpreted form does the same work; `--required` makes that an error. What is built from unchanged
sources is kept.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from streams.compiled.library import (
    STREAMS,
    Library,
    digest,
    library_folder,
    library_of,
    source_of,
)
from streams.compiled.modules import HOT

COMPILER_OPTIONS = ("-O1", "-g0", "-fno-strict-aliasing", "-w")
"""-O2 takes 1.8 times as long and decides no faster: the time is in the runtime of Python."""
DIRECTIVES = {
    "language_level": 3,
    "annotation_typing": False,  # an annotation changes nothing, as interpreted
    "binding": True,  # functions are introspected as interpreted ones
    "infer_types": None,
}
_HEADERS, _HEADER = Path(__file__).parent, "slot_cache.h"
_LOOK_UP = """\
    PyTypeObject* tp = Py_TYPE(obj);
    if (likely(tp->tp_getattro))
        return tp->tp_getattro(obj, attr_name);
    return PyObject_GetAttr(obj, attr_name);
}"""
"""The end of Cython's function that looks up an attribute; `slot_cache.h` takes its place."""
_FASTER_LOOK_UP = "    return get_attribute(obj, attr_name);\n}"


class BuildFailed(Exception):
    """The compiled form can't be built here; says why."""


def run_build() -> int:
    """The command line. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m streams.compiled.build", description=__doc__)
    parser.add_argument("--required", action="store_true", help="fail if it can't be built")
    asked = parser.parse_args()
    try:
        built = build()
    except BuildFailed as failed:
        print(f"the hot modules stay interpreted: {failed}", file=sys.stderr)
        return 1 if asked.required else 0
    print(f"compiled {built} of {len(HOT)} hot modules; the others are unchanged")
    return 0


def build(package: Path = STREAMS, modules: Sequence[str] = HOT) -> int:
    """Builds what has changed, and returns how many modules that were. Raises BuildFailed."""
    built_with = _digest_of_tools()
    sources = {module: digest(source_of(module, package)) for module in modules}
    before = library_of(package)
    if before is None or before.built_with != built_with:
        shutil.rmtree(library_folder(package), ignore_errors=True)
        before = None
    library = Library(library_folder(package), sources, built_with)
    stale = [
        module
        for module in modules
        if before is None
        or before.sources.get(module) != sources[module]
        or not before.file(module).exists()
    ]
    if before is None or before.sources != sources or stale:
        (library.folder / "manifest.json").unlink(missing_ok=True)
        _compile(stale, package, library.folder)
        library.write()
    return len(stale)


def _digest_of_tools() -> str:
    """Changes with everything but the sources that a build depends on. Raises BuildFailed."""
    try:
        from Cython import __version__ as cython
    except ImportError as error:
        raise BuildFailed("Cython is not installed") from error
    return f"Cython {cython}, {digest(Path(__file__))}, {digest(_HEADERS / _HEADER)}"


def _compile(modules: Sequence[str], package: Path, into: Path) -> None:
    """Compiles `modules` into the folder `into`. Raises BuildFailed."""
    from Cython.Build import cythonize
    from Cython.Compiler import Options
    from Cython.Compiler.Errors import CompileError
    from setuptools import Distribution, Extension
    from setuptools.command.build_ext import build_ext
    from setuptools.errors import BaseError

    Options.emit_code_comments = False
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="sendflow-build-") as work:
        extensions = [
            Extension(
                module,
                [str(source_of(module, package))],
                include_dirs=[str(_HEADERS)],
                extra_compile_args=[*COMPILER_OPTIONS],
            )
            for module in modules
        ]
        processes = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count()
        try:
            generated: list[Any] = cythonize(
                extensions,
                build_dir=work,
                nthreads=processes or 1,
                quiet=True,
                compiler_directives=DIRECTIVES,
            )
        except CompileError as error:
            raise BuildFailed(f"Cython failed: {error}") from error
        for extension in generated:
            for source in extension.sources:
                _use_slot_cache(Path(source))
        command = build_ext(Distribution({"ext_modules": generated}))
        command.build_lib, command.build_temp = str(into), work
        command.parallel = processes
        command.ensure_finalized()
        try:
            command.run()
        except (BaseError, OSError) as error:
            raise BuildFailed(f"the C compiler failed: {error}") from error


def _use_slot_cache(generated: Path) -> None:
    """Puts the look-up of `slot_cache.h` in place of Cython's. Raises BuildFailed where another
    version of Cython writes another one."""
    code = generated.read_text()
    if "__Pyx_PyObject_GetAttrStr" not in code:
        return
    if code.count(_LOOK_UP) != 1:
        raise BuildFailed(f"this Cython looks up attributes in another way: {generated.name}")
    faster = code.replace(_LOOK_UP, _FASTER_LOOK_UP)
    generated.write_text(f'#define PY_SSIZE_T_CLEAN\n#include "{_HEADER}"\n{faster}')


if __name__ == "__main__":
    sys.exit(run_build())
