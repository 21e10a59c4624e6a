"""Builds the compiled form:

    python -m streams.compiled.build [--required]

    source ──► Cython ──► C, with slot_cache.h ──► C compiler ──► library ──► manifest

Without Cython, a C compiler or the headers of Python it says so and ends well, because the
interpreted form does the same work; `--required` makes that an error. What is built from unchanged
sources is kept.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
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

COMPILER_OPTIONS = ("-O1", "-g0", "-fno-strict-aliasing", "-ffp-contract=off", "-w")
"""-O2 takes 1.8 times as long and decides no faster: the time is in the runtime of Python. A
product and a sum stay two operations, each rounded, as interpreted (some processors can join them).
"""
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
        built = build(say=print)
    except BuildFailed as failed:
        print(f"the hot modules stay interpreted: {failed}", file=sys.stderr)
        return 1 if asked.required else 0
    print("the compiled form is up to date" if not built else f"compiled {built} hot modules")
    return 0


def build(
    package: Path = STREAMS,
    modules: Sequence[str] = HOT,
    say: Callable[[str], object] = lambda text: None,
) -> int:
    """Builds what has changed, and returns how many modules that were. A build that fails leaves
    what was there. `say` is told before a long build. Raises BuildFailed."""
    built_with = _digest_of_tools()
    sources = {module: digest(source_of(module, package)) for module in modules}
    library = Library(library_folder(package), sources, built_with)
    before = library_of(package)
    if before is not None and before.built_with != built_with:
        before = None
    stale = [
        module
        for module in modules
        if before is None
        or before.sources.get(module) != sources[module]
        or not before.file(module).exists()
    ]
    if not stale and before is not None and before.sources == sources:
        return 0
    library.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="build-", dir=library.folder) as work:
        if stale:
            say(f"compiling {len(stale)} hot modules: a second or two each …")
            _compile(stale, package, Path(work))
        fresh = library._replace(folder=Path(work) / "library")
        library.remove()
        for module in stale:
            library.file(module).parent.mkdir(parents=True, exist_ok=True)
            fresh.file(module).replace(library.file(module))
    library.write()
    return len(stale)


def _digest_of_tools() -> str:
    """Changes with everything but the sources that a build depends on. Raises BuildFailed."""
    try:
        from Cython import __version__ as cython
    except ImportError as error:
        raise BuildFailed("Cython is not installed") from error
    return f"Cython {cython}, {digest(Path(__file__))}, {digest(_HEADERS / _HEADER)}"


def _compile(modules: Sequence[str], package: Path, work: Path) -> None:
    """Compiles `modules` into the folder `library` in `work`. Raises BuildFailed."""
    from Cython.Build import cythonize
    from Cython.Compiler import Options
    from Cython.Compiler.Errors import CompileError
    from setuptools import Extension

    # Cython takes minutes for all modules: without a C compiler they would be for nothing.
    probe = work / "probe.c"
    probe.write_text("#include <Python.h>\n")
    _run_c_compiler([Extension("probe", [str(probe)])], work, work / "probe")
    Options.emit_code_comments = False
    extensions = [
        Extension(
            module,
            [str(source_of(module, package))],
            include_dirs=[str(_HEADERS)],
            extra_compile_args=[*COMPILER_OPTIONS],
        )
        for module in modules
    ]
    try:
        generated: list[Any] = cythonize(
            extensions,
            build_dir=str(work),
            nthreads=_processors(),
            quiet=True,
            compiler_directives=DIRECTIVES,
        )
    except CompileError as error:
        raise BuildFailed(f"Cython failed: {error}") from error
    for extension in generated:
        for source in extension.sources:
            _use_slot_cache(Path(source))
    _run_c_compiler(generated, work, work / "library")


def _run_c_compiler(extensions: list[Any], work: Path, into: Path) -> None:
    """Compiles and links `extensions` into the folder `into`. Raises BuildFailed."""
    from setuptools import Distribution
    from setuptools.command.build_ext import build_ext

    command = build_ext(Distribution({"ext_modules": extensions}))
    command.build_lib, command.build_temp = str(into), str(work)
    command.parallel = _processors()
    command.ensure_finalized()
    try:
        command.run()
    except Exception as error:  # the errors of setuptools have no base of their own
        raise BuildFailed(f"the C compiler failed: {error}") from error


def _processors() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


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
