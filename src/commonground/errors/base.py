"""What every error has: an HTTP status, a stable code, text in two languages and what to do about it."""

from collections.abc import Iterator
from typing import Any, ClassVar


class CommongroundError(Exception):
    """Base of every error this project raises on purpose.

    Subclasses set the HTTP ``status``, the stable ``code`` (documented in ``docs/reference/errors.md``) and the text
    templates ``en`` and ``zh``, filled from the keyword arguments of the constructor. ``remedy`` says what to do about it, where the text does not.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "CG-1000"
    en: ClassVar[str] = "Internal error."
    zh: ClassVar[str] = "内部错误。"
    remedy: ClassVar[str] = "look for the request id in the log of the server"

    def __init__(self, **details: Any) -> None:
        self.details = details
        super().__init__(self.message("en"))

    @classmethod
    def received(cls, code: str, text: str) -> "CommongroundError":
        """The error another server answered: the class of its ``code`` with the server's own ``text``."""
        kind = next((kind for kind in cls.tree() if kind.code == code), CommongroundError)
        return kind(text=text)

    def message(self, language: str = "en") -> str:
        """The text shown to the user, in ``"zh"`` or English."""
        if "text" in self.details:
            return str(self.details["text"])
        template = self.zh if language == "zh" else self.en
        return template.format_map(_Details(self.details))

    @classmethod
    def tree(cls) -> Iterator[type["CommongroundError"]]:
        """Every class of the tree below this one, itself included."""
        yield cls
        for child in cls.__subclasses__():
            yield from child.tree()


class _Details(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return f"<{key}>"
