"""Verdicts as JUnit XML, which CI systems show: a test suite with a test case a verdict.

No times and no host: the same verdicts are the same bytes.
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

from attnviz.report.escape import harmless
from attnviz.rules.formats.words import details, number
from attnviz.rules.verdict import Verdict, Verdicts


def write(verdicts: Verdicts) -> bytes:
    """The verdicts as JUnit XML, in the order of the rules."""
    counts = {
        "tests": len(verdicts),
        "failures": len(verdicts.of("failed")),
        "errors": len(verdicts.of("error")),
    }
    told = {name: str(count) for name, count in counts.items()}
    skipped = str(len(verdicts.of("skipped")))
    suites = ET.Element("testsuites", {"name": "attnviz check", "time": "0", **told})
    suite = ET.SubElement(
        suites,
        "testsuite",
        {"name": harmless(verdicts.title), "time": "0", **told, "skipped": skipped},
    )
    properties = ET.SubElement(suite, "properties")
    marks = {"attnviz": verdicts.version, "model": verdicts.model.name, **verdicts.tags}
    for name, value in marks.items():
        ET.SubElement(properties, "property", {"name": harmless(name), "value": harmless(value)})
    for verdict in verdicts:
        _case(suite, verdict, verdicts.title)
    if verdicts.warnings:
        ET.SubElement(suite, "system-err").text = "\n".join(map(harmless, verdicts.warnings))
    ET.indent(suites)
    written: bytes = ET.tostring(suites, "utf-8")
    return b"<?xml version='1.0' encoding='utf-8'?>\n" + written + b"\n"


def _case(suite: ET.Element, verdict: Verdict, title: str) -> None:
    names = {"name": harmless(verdict.name), "classname": harmless(title), "time": "0"}
    case = ET.SubElement(suite, "testcase", names)
    text = "\n".join(details(verdict))
    if verdict.status in ("failed", "error"):
        kind = "failure" if verdict.status == "failed" else "error"
        about = {"message": harmless(verdict.reason), "type": kind}
        ET.SubElement(case, kind, about).text = text
    elif verdict.status == "skipped":
        ET.SubElement(case, "skipped", {"message": harmless(verdict.reason)})
    else:
        ET.SubElement(case, "system-out").text = text or number(verdict)
        if verdict.status == "warned":
            ET.SubElement(case, "system-err").text = f"warning: {harmless(verdict.reason)}"
