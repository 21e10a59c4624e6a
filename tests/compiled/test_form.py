"""Which form is chosen, by what is asked and what is there."""

from pathlib import Path

import pytest

from streams.compiled.form import Form, FormUnavailable, form_of
from streams.compiled.library import Library, digest, library_folder, library_of, source_of


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package with one hot module."""
    package = tmp_path / "shop"
    package.mkdir()
    (package / "hot.py").write_text("PRICE = 1\n")
    return package


@pytest.fixture
def library(package: Path) -> Library:
    """Its library."""
    source = source_of("shop.hot", package)
    library = Library(package / "library", {"shop.hot": digest(source)})
    library.file("shop.hot").parent.mkdir(parents=True)
    library.file("shop.hot").touch()
    return library


def test_a_library_of_unchanged_sources_is_used(library: Library, package: Path) -> None:
    assert form_of(None, library, package) == Form(is_compiled=True)
    assert form_of("", library, package) == Form(is_compiled=True)
    assert str(form_of("compiled", library, package)) == "compiled"


def test_it_is_left_out_on_demand(library: Library, package: Path) -> None:
    used = form_of("interpreted", library, package)
    assert str(used) == "interpreted: SENDFLOW_FORM says so"


def test_a_changed_source_is_not_run_in_its_old_form(library: Library, package: Path) -> None:
    (package / "hot.py").write_text("PRICE = 2\n")
    used = form_of(None, library, package)
    assert str(used) == "interpreted: shop.hot has changed since it was compiled"
    with pytest.raises(FormUnavailable, match=r"demands the compiled form: shop.hot has changed"):
        form_of("compiled", library, package)


def test_what_is_missing_is_named(library: Library, package: Path) -> None:
    library.file("shop.hot").unlink()
    assert form_of(None, library, package).reason == "the compiled shop.hot is missing"
    (package / "hot.py").unlink()
    assert form_of(None, library, package).reason == "the source of shop.hot is missing"
    assert form_of(None, None, package).reason == "never compiled for this Python"
    with pytest.raises(FormUnavailable, match="never compiled for this Python; run `make install`"):
        form_of("compiled", None, package)


def test_another_form_is_refused(library: Library, package: Path) -> None:
    with pytest.raises(FormUnavailable, match="expected compiled or interpreted, found 'fast'"):
        form_of("fast", library, package)


def test_a_library_is_there_once_its_manifest_is_written(package: Path) -> None:
    assert library_of(package) is None
    library = Library(library_folder(package), {"shop.hot": "1"}, "tools")
    library.folder.mkdir(parents=True)
    assert library.folder.is_relative_to(package / "compiled" / "library")
    library.write()
    assert library_of(package) == library
