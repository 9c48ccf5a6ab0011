"""Records whose lists are refused at the first wrong item.

pydantic collects everything that is wrong. Of a list of a hundred thousand empty objects, which is
half a megabyte of JSON, that is more than a gigabyte of complaints, and one is shown.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, GetCoreSchemaHandler
from pydantic_core import CoreSchema


def _fail_fast(node: Any) -> None:
    if isinstance(node, dict):
        if node.get("type") == "list":
            node["fail_fast"] = True
        for value in node.values():
            _fail_fast(value)
    elif isinstance(node, list):
        for value in node:
            _fail_fast(value)


class BriefErrors(BaseModel):
    """A record that stops looking into a list where an item of it is wrong."""

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[BaseModel], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """The schema as pydantic makes it, its lists failing fast."""
        schema = handler(source)
        _fail_fast(schema)
        return schema
