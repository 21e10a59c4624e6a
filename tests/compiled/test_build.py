"""The build on a small package: what is compiled behaves as what is interpreted."""

import subprocess
import sys
from pathlib import Path

import pytest

from streams.compiled.build import BuildFailed, build
from streams.compiled.library import library_of

CART = """
from msgspec import Struct

class Item(Struct, array_like=True, gc=False):
    sku: str
    price: int | None = None

class Cart:
    __slots__ = ("items", "owner")

    def __init__(self, items: list[Item]) -> None:
        self.items = items

    @property
    def value(self) -> int:
        return sum(item.price or 0 for item in self.items)

class Gift(Cart):
    __slots__ = ()
    owner = "nobody"

def owner_of(cart: Cart) -> str:
    return cart.owner

def price_of(item: Item) -> int | None:
    return item.price
"""
"""Slots that are set and unset, inherited, hidden by a class attribute, and a property."""

CHECKS = """
import sys
from streams.compiled.form import CompiledModules
from streams.compiled.library import library_of
from pathlib import Path

package = Path(sys.argv[1])
sys.path.insert(0, str(package.parent))
library = library_of(package)
sys.meta_path.insert(0, CompiledModules({name: library.file(name) for name in library.sources}))
from shop.cart import Cart, Gift, Item, owner_of, price_of
import msgspec, shop.cart

assert shop.cart.__file__.endswith(".so"), shop.cart.__file__
assert msgspec.msgpack.encode(Item("a", 5)) == bytes([0x92, 0xA1, 0x61, 5])
cart, gift = Cart([Item("a", 5), Item("b")]), Gift([])
for _ in range(3):
    assert cart.value == 5
    assert price_of(Item("a", 7)) == 7 and price_of(Item("b")) is None
    assert owner_of(gift) == "nobody"
    try:
        owner_of(cart)
    except AttributeError as error:
        assert "owner" in str(error)
    else:
        raise AssertionError("an unset slot was read")
cart.owner = "anna"
assert owner_of(cart) == owner_of(cart) == "anna"
# A type that changes is looked up anew.
Cart.owner = property(lambda self: "changed")
assert owner_of(cart) == "changed"
Cart.__getattribute__ = lambda self, name: "intercepted"
assert owner_of(cart) == owner_of(gift) == "intercepted"
del Cart.__getattribute__
assert owner_of(cart) == "changed" and owner_of(gift) == "nobody"
# A new type may lie where a deleted one lay.
for places in range(200):
    names = [f"place_{number}" for number in range(places % 5)]
    Buyer = type("Buyer", (), {"__slots__": (*names, "owner")})
    buyer = Buyer()
    buyer.owner = places
    assert owner_of(buyer) == owner_of(buyer) == places
    del Buyer, buyer
try:
    price_of("no item")
except AttributeError as error:
    assert str(error) == "'str' object has no attribute 'price'", error
else:
    raise AssertionError("a field of another type was read")
print("as interpreted")
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package with two modules, built."""
    package = tmp_path_factory.mktemp("checkout") / "shop"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "cart.py").write_text(CART)
    (package / "other.py").write_text("ANSWER = 1\n")
    try:
        assert build(package, ("shop.cart", "shop.other")) == 2
    except BuildFailed as failed:
        pytest.skip(f"the compiled form can't be built here: {failed}")
    return package


def test_compiled_code_does_as_interpreted(package: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CHECKS, package], capture_output=True, text=True, check=False
    )
    assert done.stdout == "as interpreted\n", done.stderr


def test_only_changed_sources_are_built_anew(package: Path) -> None:
    modules = ("shop.cart", "shop.other")
    assert build(package, modules) == 0
    library = library_of(package)
    assert library is not None
    before = library.file("shop.cart").stat().st_mtime_ns
    (package / "other.py").write_text("ANSWER = 2\n")
    assert build(package, modules) == 1
    assert library.file("shop.cart").stat().st_mtime_ns == before
    library.file("shop.other").unlink()
    assert build(package, modules) == 1
    assert library_of(package) is not None


def test_a_source_that_cannot_be_compiled_leaves_no_library(package: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "hot.py").write_text("def (:\n")
    with pytest.raises(BuildFailed, match="Cython failed"):
        build(broken, ("broken.hot",))
    assert library_of(broken) is None


def test_a_build_that_fails_leaves_the_modules_that_were_built(package: Path) -> None:
    modules = ("shop.cart", "shop.other")
    build(package, modules)
    source = (package / "other.py").read_text()
    (package / "other.py").write_text("def (:\n")
    with pytest.raises(BuildFailed):
        build(package, modules)
    (package / "other.py").write_text(source)
    assert build(package, modules) == 0


@pytest.mark.parametrize("compiler", ["/nonexistent", "false"])
def test_without_a_c_compiler_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiler: str
) -> None:
    monkeypatch.setenv("CC", compiler)
    package = tmp_path / "shop"
    package.mkdir()
    (package / "cart.py").write_text(CART)
    with pytest.raises(BuildFailed, match="the C compiler failed"):
        build(package, ("shop.cart",))
    assert library_of(package) is None
