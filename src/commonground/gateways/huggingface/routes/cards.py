"""Checking a card before it is committed."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from commonground.gateways.huggingface import wire
from commonground.gateways.huggingface.context import Context, endpoint
from commonground.http.bodies import read_json
from commonground.http.responses import json_response
from commonground.http.routing import Route
from commonground.hub.cards.validation import validate


class CardRoutes:
    """The metadata of README.md."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        return [endpoint("POST", "/api/validate-yaml", self.validate, "Validate a README.md", body=wire.Card)]

    async def validate(self, request: Request) -> Response:
        """Errors and warnings, as JSON or, on request, as lines of text; 400 when there are errors."""
        await self._context.caller(request)
        body = await read_json(request, wire.Card)
        report = validate(body.content, body.repo_type)
        answer = {
            "errors": [{"message": message} for message in report.errors],
            "warnings": [{"message": message} for message in report.warnings],
        }
        status = 400 if report.errors else 200
        if request.headers.get("accept", "").startswith("text/plain"):
            lines = [f"- Error: {message}" for message in report.errors]
            lines += [f"- Warning: {message}" for message in report.warnings]
            return PlainTextResponse("\n".join(lines), status)
        if report.errors:
            return json_response(answer | {"error": "Invalid metadata in README.md"}, status)
        return json_response(answer)
