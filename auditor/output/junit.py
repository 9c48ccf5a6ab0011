"""The report as JUnit XML, for the test tab of a CI server.

A finding that fails the gate is a failed test; what does not count for the gate, and what could
not be decided, is a skipped test with its reason; a kind of evidence that gave no finding is a
passed test, which says so in its name. Where there is no verdict, there is an error.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from auditor.output import wording
from auditor.output.escaping import NAME_LIMIT, for_xml
from auditor.output.file_findings import certainty
from auditor.output.report_v1 import FindingV1, ReportV1
from auditor.output.rerun import scanned_source
from auditor.output.standing import gate_of, why_passed
from auditor.output.verdict import explained


def render(report: ReportV1) -> str:
    """The report as one test suite."""
    suites = Element("testsuites")
    suite = SubElement(suites, "testsuite")
    if report.verdict == "not-audited":
        _not_audited(suite, report)
    else:
        _findings(suite, report)
        _kinds_without_a_finding(suite, report)
    _file_findings(suite, report)
    for skip in report.skips[1 if report.verdict == "not-audited" else 0 :]:
        remedy = f" Remedy: {skip.remedy}" if skip.remedy else ""
        case = _case(suite, "not decided", skip.subject)
        SubElement(case, "skipped", message=for_xml(f"{skip.reason.rstrip('.')}.{remedy}"))
    _count(suite, report)
    _describe(suite, report)
    indent(suites)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{tostring(suites, encoding="unicode")}\n'


def _not_audited(suite: Element, report: ReportV1) -> None:
    verdict = explained(report)
    case = _case(suite, "verdict", scanned_source(report) or "unknown")
    error = SubElement(case, "error", type="not-audited", message=for_xml(verdict.says))
    remedy = f" Remedy: {verdict.remedy}" if verdict.remedy else ""
    error.text = for_xml(f"{verdict.means}{remedy}")


def _findings(suite: Element, report: ReportV1) -> None:
    gate = gate_of(report)
    for finding in report.findings:
        case = _case(suite, finding.rule_id, _name(finding))
        passed = why_passed(finding, gate)
        if passed is not None:
            said = SubElement(case, "skipped", message=for_xml(f"{finding.title}: {passed}"))
        else:
            title = for_xml(finding.title, 300)
            said = SubElement(case, "failure", type=finding.severity, message=title)
        said.text = _details(finding)


def _file_findings(suite: Element, report: ReportV1) -> None:
    gate = gate_of(report)
    for finding in report.file_findings:
        case = _case(suite, finding.rule_id, f"{finding.file.path} [{finding.fingerprint}]")
        passed = why_passed(finding, gate)
        if passed is not None:
            said = SubElement(case, "skipped", message=for_xml(f"{finding.title}: {passed}"))
        else:
            title = for_xml(finding.title, 300)
            said = SubElement(case, "failure", type=finding.severity, message=title)
        said.text = "\n".join(for_xml(line) for line in (finding.summary, certainty(finding)))


def _name(finding: FindingV1) -> str:
    """Different for every finding: some servers keep one test of a name only."""
    return f"{wording.target(finding.target)} [{finding.fingerprint}]"


def _details(finding: FindingV1) -> str:
    p, q = wording.p_value(finding.p_value), wording.p_value(finding.q_value)
    names = wording.some([entity.name for entity in finding.entities], 20) or "none named"
    lines = [
        finding.explanation or finding.summary,
        f"severity {finding.severity}, confidence {finding.confidence}, p = {p}, q = {q}",
        *(wording.effect(each) for each in finding.evidence[:1]),
        f"entities: {names}",
    ]
    return "\n".join(for_xml(line) for line in lines)


def _kinds_without_a_finding(suite: Element, report: ReportV1) -> None:
    called = {each.kind for finding in report.findings for each in finding.evidence}
    rate = f"{report.false_positive_rate:g}"
    for kind in sorted({each.kind for each in report.evidence} - called):
        case = _case(suite, kind, f"{kind}: no finding at false-positive rate {rate}")
        own = [each for each in report.evidence if each.kind == kind]
        if all(each.p_value is None for each in own):
            reasons = dict.fromkeys(each.why_undecided or "no p-value" for each in own)
            said = f"undecided: {wording.some(list(reasons), 5)}"
            SubElement(case, "skipped", message=for_xml(said))


def _case(suite: Element, group: str, name: str) -> Element:
    named = for_xml(name, 300)
    return SubElement(suite, "testcase", classname=f"auditor.{for_xml(group, 60)}", name=named)


def _count(suite: Element, report: ReportV1) -> None:
    suite.set("name", for_xml(f"auditor {scanned_source(report) or 'unknown'}", 300))
    suite.set("tests", str(len(suite.findall("testcase"))))
    for attribute, element in (("failures", "failure"), ("errors", "error"), ("skipped",) * 2):
        suite.set(attribute, str(len(suite.findall(f"testcase/{element}"))))
    suite.set("time", f"{report.cost.seconds:.3f}")
    if started := wording.utc(report.started):
        suite.set("timestamp", started.removesuffix("Z"))  # its type has no time zone


def _describe(suite: Element, report: ReportV1) -> None:
    properties = Element("properties")
    for name, value in (
        ("verdict", report.verdict),
        ("false_positive_rate", f"{report.false_positive_rate:g}"),
        ("model_score", wording.number(report.model_score)),
        ("model_p_value", wording.p_value(report.model_p_value)),
        ("auditor", report.tool.version),
    ):
        SubElement(properties, "property", name=name, value=for_xml(value, NAME_LIMIT))
    suite.insert(0, properties)
