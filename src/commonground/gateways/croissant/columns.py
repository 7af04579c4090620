"""What a table's columns hold, in the types of Croissant."""

from typing import Literal

import msgspec

DataType = Literal["sc:Text", "sc:Integer", "sc:Float", "sc:Boolean", "sc:Date", "sc:DateTime", "sc:Time"]

COLUMNS = 2_000
"""Most columns of a table that are described."""


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A column; ``repeated`` is a list of values, ``children`` are the members of a structure."""

    name: str
    type: DataType = "sc:Text"
    repeated: bool = False
    children: tuple["Column", ...] = ()
