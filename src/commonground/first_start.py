"""What a server says as long as nobody administers it."""

import os
import secrets
import sys

from commonground.database import values
from commonground.services import Services
from commonground.settings import START

TOLD = "first_administrator_told"


async def tell_first_administrator(services: Services) -> None:
    """Print the one-time link of the first administrator on standard error, in one of the processes that start
    together; nothing once there is an administrator.
    """
    code = await services.accounts.first_admin_link()
    start = os.environ.get(START) or secrets.token_hex(8)
    if code is None or not await services.database.write(values.claim, TOLD, start.encode()):
        return
    address = services.settings.public_url.rstrip("/") or services.settings.address
    sys.stderr.write(f"first administrator: {address}/join/{code} (valid for a day, once)\n")
    sys.stderr.flush()
