"""The bound on memory for request bodies."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from commonground.gateways.xet.budget import ByteBudget


@given(st.lists(st.tuples(st.integers(1, 150), st.booleans()), max_size=40))
def test_never_more_than_the_limit_and_everybody_gets_a_turn(requests: list[tuple[int, bool]]) -> None:
    async def scenario() -> None:
        budget, held, peak = ByteBudget(100), 0, 0

        async def use(count: int) -> None:
            nonlocal held, peak
            async with budget.take(count):
                held += min(count, 100)
                peak = max(peak, held)
                try:
                    await asyncio.sleep(0)
                finally:
                    held -= min(count, 100)

        tasks = [asyncio.create_task(use(count)) for count, _ in requests]
        await asyncio.sleep(0)
        for task, (_, cancelled) in zip(tasks, requests, strict=True):
            if cancelled:
                task.cancel()
        await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
        assert peak <= 100
        async with asyncio.timeout(1), budget.take(100):
            pass

    asyncio.run(scenario())


def test_first_come_first_served() -> None:
    async def scenario() -> list[int]:
        budget, order = ByteBudget(10), []

        async def use(number: int, count: int) -> None:
            async with budget.take(count):
                order.append(number)
                await asyncio.sleep(0)

        await asyncio.gather(use(1, 8), use(2, 10), use(3, 1))
        return order

    assert asyncio.run(scenario()) == [1, 2, 3], "a small request does not starve a large one"
