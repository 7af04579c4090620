"""Fine-tuning, as a method of the hub."""

from collections.abc import Mapping
from typing import Any

from commonground.errors import RepositoryNotFound
from commonground.gateways.native import wire_runs
from commonground.sdk.address import Address
from commonground.sdk.repositories import RepositoryMethods
from commonground.sdk.runs import RunMethods


class FineTuneMethods(RepositoryMethods, RunMethods):
    """A specification from names."""

    def fine_tune(
        self,
        model: str | Address,
        data: str | Address,
        *,
        output: str | Address,
        task: str | None = None,
        method: str = "full",
        resources: Mapping[str, Any] | None = None,
        seed: int | None = None,
        **options: Any,
    ) -> wire_runs.Run:
        """Queue a run that trains ``model`` on ``data`` and publishes the result as a revision of ``output``, which is made,
        private, if there is no such repository. ``options`` are those of the kind ``fine-tune``: ``epochs``, ``batch``,
        ``learning_rate``, ``lora``, ``text_column``, ``label_column``, ``max_length``.
        """
        source, rows, target = Address.of(model), _data_set(data), Address.of(output)
        try:
            self.get_repository(target)
        except RepositoryNotFound:
            self.create_repository(target, visibility="private")
        document: dict[str, Any] = {
            "name": f"fine-tune-{source.name}"[:96],
            "kind": "fine-tune",
            "inputs": {"model": str(source), "data": str(rows)},
            "outputs": {"model": str(target)},
            "options": {"method": method, **({"task": task} if task else {}), **options},
            "resources": dict(resources or {}),
        }
        return self.submit_run(document if seed is None else {**document, "seed": seed})


def _data_set(data: str | Address) -> Address:
    """A name without a kind is that of a data set."""
    if isinstance(data, Address) or data.removeprefix("hub://").split("/")[0] in {"models", "datasets"}:
        return Address.of(data)
    return Address.parse(f"datasets/{data.removeprefix('hub://')}")
