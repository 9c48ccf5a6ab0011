"""The shapes that a suite of JUnit XML is made of."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from auditor.output import wording
from auditor.output.escaping import for_xml


def case(suite: Element, group: str, name: str) -> Element:
    """A test, passed until something is put into it."""
    named = for_xml(name, 300)
    return SubElement(suite, "testcase", classname=f"auditor.{for_xml(group, 60)}", name=named)


def counted(suite: Element, name: str, seconds: float, started: str) -> None:
    """Name the suite, and count what came of its tests."""
    suite.set("name", for_xml(name, 300))
    suite.set("tests", str(len(suite.findall("testcase"))))
    for attribute, element in (("failures", "failure"), ("errors", "error"), ("skipped",) * 2):
        suite.set(attribute, str(len(suite.findall(f"testcase/{element}"))))
    suite.set("time", f"{seconds:.3f}")
    if begun := wording.utc(started):
        suite.set("timestamp", begun.removesuffix("Z"))  # its type has no time zone


def text_of(suites: Element) -> str:
    """The document."""
    indent(suites)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{tostring(suites, encoding="unicode")}\n'
