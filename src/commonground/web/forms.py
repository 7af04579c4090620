"""Reading the fields of an HTML form."""

from urllib.parse import parse_qsl

from starlette.requests import Request

from commonground.errors import BadRequest
from commonground.http.bodies import read_body
from commonground.web.i18n import translations

LIMIT = 65_536
MOST_FIELDS = 100


class Refused(Exception):
    """A form that was filled in wrongly. ``text`` is marked for translation and filled from the keyword arguments."""

    def __init__(self, text: str, **details: str) -> None:
        super().__init__(text)
        self.text, self.details = text, details

    def message(self, locale: str) -> str:
        """The text for the visitor."""
        return translations(locale).gettext(self.text) % self.details


async def read_form(request: Request, limit: int = LIMIT) -> dict[str, str]:
    """The fields of an ``application/x-www-form-urlencoded`` body, the last one of each name, with outer spaces kept.

    Raises :class:`PayloadTooLarge` above ``limit`` bytes and :class:`BadRequest` for another type or no UTF-8.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise BadRequest(reason="the form is not url-encoded")
    body = await read_body(request, limit)
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:
        raise BadRequest(reason="the form cannot be read") from None
    return dict(pairs)
