"""Forms that queue a run: any specification as YAML, and fine-tuning by its choices."""

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from commonground.accounts.model import Principal
from commonground.compute.runs.service import Runs
from commonground.compute.runs.spec import LIMIT, read
from commonground.errors import CommongroundError, Forbidden, Unauthenticated
from commonground.http.routing import Route
from commonground.web.forms import Refused, read_form
from commonground.web.i18n import marked
from commonground.web.runs_view import run_number, spec_text
from commonground.web.site import Site

FORM_LIMIT = 3 * LIMIT
"""Largest body of the form, in bytes: url-encoding makes three of one."""
EXAMPLE = """\
name: hello
run: echo hello
"""
TASKS = ("text-classification", "token-classification", "sentence-similarity", "text-generation")
"""What a model can be fine-tuned for."""
METHODS = ("lora", "full")
_NUMBERS = {"epochs": int, "batch": int, "learning_rate": float}


class RunFormPages:
    """``/runs/new`` and ``/runs/fine-tune``, for those who may execute."""

    def __init__(self, site: Site, runs: Runs) -> None:
        self._site, self._runs = site, runs

    def routes(self) -> list[Route]:
        """The routes of these pages."""
        route = self._site.route
        return [
            route("GET", "/runs/new", self.new, "Write a specification"),
            route("POST", "/runs/new", self.submit, "Queue a run of a specification"),
            route("GET", "/runs/fine-tune", self.fine_tune, "Fine-tune a model"),
            route("POST", "/runs/fine-tune", self.submit_fine_tune, "Queue a run that fine-tunes a model"),
        ]

    async def new(self, request: Request) -> Response:
        """The form; ``?from=`` fills it with the specification of a run."""
        caller, text = await self._submitter(request), EXAMPLE
        if source := request.query_params.get("from"):
            text = spec_text(await self._runs.find(caller, run_number(source)))
        return await self._site.page(request, "runs/new.html", text=text, problem=None)

    async def submit(self, request: Request) -> Response:
        """Queue it, and show the run."""
        caller, form = await self._submitter(request), await read_form(request, FORM_LIMIT)
        text = form.get("spec", "").replace("\r\n", "\n")
        try:
            run = await self._runs.submit(caller, read(text))
        except CommongroundError as error:
            return await self._site.again(request, "runs/new.html", error, text=text)
        return RedirectResponse(f"/runs/{run.id}", 303)

    async def fine_tune(self, request: Request) -> Response:
        """The form; ``?model=`` and ``?task=`` fill it."""
        caller = await self._submitter(request)
        model, task = (request.query_params.get(name, "")[:200] for name in ("model", "task"))
        name = model.rpartition("/")[2].partition("@")[0]
        form = {
            "model": model,
            "task": task,
            "output": f"{caller.name}/{name}-tuned"[:161] if name else "",
            "epochs": "3",
        }
        return await self._site.page(request, "runs/fine_tune.html", form=form, problem=None, **_choices())

    async def submit_fine_tune(self, request: Request) -> Response:
        """Queue it, and show the run."""
        caller, form = await self._submitter(request), await read_form(request)
        try:
            run = await self._runs.submit(caller, fine_tune_spec(form))
        except (CommongroundError, Refused) as error:
            return await self._site.again(request, "runs/fine_tune.html", error, form=form, **_choices())
        return RedirectResponse(f"/runs/{run.id}", 303)

    async def _submitter(self, request: Request) -> Principal:
        caller = (await self._site.visit(request)).principal
        if caller.is_anonymous:
            raise Unauthenticated
        if not self._runs.may_submit(caller):
            raise Forbidden(action="execute commands on", resource="this server")
        return caller


def _choices() -> dict[str, Any]:
    return {"tasks": TASKS, "methods": METHODS}


def fine_tune_spec(form: dict[str, str]) -> dict[str, Any]:
    """The specification a form asks for; :class:`Refused` for what is missing or no number."""
    places = {name: form.get(name, "").strip() for name in ("model", "data", "output")}
    if not all(places.values()):
        raise Refused(marked("Name the model, the data set and the repository of the result."))
    task = form.get("task", "").strip()
    chosen = {"task": task} if task else {}
    method = form.get("method") if form.get("method") in METHODS else METHODS[0]
    return {
        "name": f"fine-tune-{places['model'].rpartition('/')[2].partition('@')[0]}"[:96],
        "kind": "fine-tune",
        "inputs": {"model": _address("models", places["model"]), "data": _address("datasets", places["data"])},
        "outputs": {"model": _address("models", places["output"])},
        "options": {**chosen, "method": method, **_numbers(form)},
    }


def _address(kind: str, text: str) -> str:
    return text if text.startswith("hub://") else f"hub://{kind}/{text.removeprefix(f'{kind}/')}"


def _numbers(form: dict[str, str]) -> dict[str, float]:
    found = {}
    for name, kind in _NUMBERS.items():
        text = form.get(name, "").strip()
        try:
            value = kind(text) if text else None
        except ValueError:
            value = 0
        if value is not None and not 0 < value < 1e9:
            raise Refused(marked("“%(given)s” is no number above zero."), given=text[:40])
        if value is not None:
            found[name] = value
    return found
