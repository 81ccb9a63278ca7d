"""What code holds instead of a value: a box that shows a mask and opens only by ``reveal``.

Values leak because code prints, logs, serialises or compares them by accident. None of these works
on a ``Sealed``, so a ``grep`` for one word finds every place that reads plaintext.
"""

from collections.abc import Callable
from typing import Any, Generic, NamedTuple, NoReturn, Self, TypeVar

from polyant.encryption.ciphertext import Ciphertext, associated_data
from polyant.encryption.conf import get_keyring
from polyant.encryption.exceptions import DecryptionError, MalformedCiphertext

MASK = "••••••••"

T = TypeVar("T")


class Place(NamedTuple):
    """Where a ciphertext belongs: a table, a column and the values of the bound columns."""

    table: str
    column: str
    bound: tuple[tuple[str, str], ...]

    @property
    def associated_data(self) -> bytes:
        return associated_data(self.table, self.column, *(text for _, text in self.bound))

    def __str__(self) -> str:
        row = ", ".join(f"{name}={text}" for name, text in self.bound)
        return f"{self.table}.{self.column} ({row})"


class Sealed(Generic[T]):
    """An opaque value of an encrypted field.

    ``str``, ``repr``, ``format`` and templates show ``MASK``, whatever is inside and however
    long it is. It has no JSON form and refuses to be pickled or compared.
    """

    __slots__ = ()

    def reveal(self) -> T:
        """The plaintext. Call it as late as possible and keep the result as briefly.

        Raises:
            DecryptionError: the stored text does not open; the message names the row.
        """
        return self._open()

    # A template calls what is callable, but shows nothing for what has `alters_data`.
    reveal.alters_data = True  # type: ignore[attr-defined]

    def _open(self) -> T:
        raise NotImplementedError

    def __str__(self) -> str:
        return MASK

    __repr__ = __str__

    def __format__(self, _: str) -> str:
        return MASK

    def __eq__(self, other: object) -> NoReturn:
        # False would be wrong for equal values, and every comparison would fail silently.
        raise TypeError("a sealed value is not compared; reveal() it where it is needed")

    __hash__ = None  # type: ignore[assignment]

    def __reduce_ex__(self, _: Any) -> NoReturn:
        raise TypeError("a sealed value is not pickled")

    def __deepcopy__(self, _: dict[int, Any]) -> Self:
        # Immutable, so a copied model instance may share it.
        return self


class UnsavedValue(Sealed[T]):
    """A value that was assigned and will be sealed when its row is saved."""

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        self._value = value

    def _open(self) -> T:
        return self._value


class StoredValue(Sealed[T]):
    """A stored text, with the place it was read from once its row is known."""

    __slots__ = ("_loads", "place", "text")

    def __init__(self, text: str, *, loads: Callable[[str], T], place: Place | None = None) -> None:
        self.text = text
        self.place = place
        self._loads = loads

    @property
    def key_id(self) -> str:
        """The id of the key that it needs; "" if the text is not a ciphertext at all."""
        try:
            return Ciphertext.parse(self.text).key_id
        except DecryptionError:
            return ""

    def at(self, place: Place) -> Self:
        """The same text, bound to the row it belongs to."""
        return type(self)(self.text, loads=self._loads, place=place)

    def _open(self) -> T:
        if self.place is None:
            raise TypeError("a value read without its row cannot be opened: load the row")
        try:
            return self._load(get_keyring().open(self.text, self.place.associated_data))
        except DecryptionError as error:
            error.args = (f"{self.place} cannot be opened: {error}", *error.args[1:])
            raise

    def _load(self, plaintext: str) -> T:
        try:
            return self._loads(plaintext)
        except ValueError:
            fault = MalformedCiphertext("its content is not that of this column")
        # Raised outside `except`: inside, the original error, which holds the plaintext, would
        # become the `__context__`.
        raise fault
