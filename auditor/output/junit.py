"""The report as JUnit XML, for the test tab of a CI server.

A finding that fails the gate is a failed test; what does not count for the gate, and what could
not be decided, is a skipped test with its reason; a kind of evidence that gave no finding is a
passed test, which says so in its name. Where there is no verdict, there is an error.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement

from auditor.output import wording
from auditor.output.escaping import NAME_LIMIT, for_xml
from auditor.output.file_findings import certainty
from auditor.output.junit_repair import repair_cases
from auditor.output.junit_suite import case, counted, text_of
from auditor.output.report_v1 import FindingV1, ReportV1
from auditor.output.rerun import scanned_source
from auditor.output.standing import gate_of, why_passed
from auditor.output.verdict import explained


def render(report: ReportV1) -> str:
    """The report as one test suite."""
    suites = Element("testsuites")
    suite = SubElement(suites, "testsuite")
    if (done := report.remediation) is not None:
        repair_cases(suite, report, done)
    if report.verdict == "not-audited":
        _not_audited(suite, report)
    else:
        _findings(suite, report)
        _kinds_without_a_finding(suite, report)
    _file_findings(suite, report)
    for skip in report.skips[1 if report.verdict == "not-audited" else 0 :]:
        remedy = f" Remedy: {skip.remedy}" if skip.remedy else ""
        test = case(suite, "not decided", skip.subject)
        SubElement(test, "skipped", message=for_xml(f"{skip.reason.rstrip('.')}.{remedy}"))
    name = f"auditor {scanned_source(report) or 'unknown'}"
    counted(suite, name, report.cost.seconds, report.started)
    _describe(suite, report)
    return text_of(suites)


def _not_audited(suite: Element, report: ReportV1) -> None:
    verdict = explained(report)
    test = case(suite, "verdict", scanned_source(report) or "unknown")
    error = SubElement(test, "error", type="not-audited", message=for_xml(verdict.says))
    remedy = f" Remedy: {verdict.remedy}" if verdict.remedy else ""
    error.text = for_xml(f"{verdict.means}{remedy}")


def _findings(suite: Element, report: ReportV1) -> None:
    gate = gate_of(report)
    for finding in report.findings:
        test = case(suite, finding.rule_id, _name(finding))
        passed = why_passed(finding, gate)
        if passed is not None:
            said = SubElement(test, "skipped", message=for_xml(f"{finding.title}: {passed}"))
        else:
            title = for_xml(finding.title, 300)
            said = SubElement(test, "failure", type=finding.severity, message=title)
        said.text = _details(finding)


def _file_findings(suite: Element, report: ReportV1) -> None:
    gate = gate_of(report)
    for finding in report.file_findings:
        test = case(suite, finding.rule_id, f"{finding.file.path} [{finding.fingerprint}]")
        passed = why_passed(finding, gate)
        if passed is not None:
            said = SubElement(test, "skipped", message=for_xml(f"{finding.title}: {passed}"))
        else:
            title = for_xml(finding.title, 300)
            said = SubElement(test, "failure", type=finding.severity, message=title)
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
        test = case(suite, kind, f"{kind}: no finding at false-positive rate {rate}")
        own = [each for each in report.evidence if each.kind == kind]
        if all(each.p_value is None for each in own):
            reasons = dict.fromkeys(each.why_undecided or "no p-value" for each in own)
            said = f"undecided: {wording.some(list(reasons), 5)}"
            SubElement(test, "skipped", message=for_xml(said))


def _describe(suite: Element, report: ReportV1) -> None:
    properties = Element("properties")
    for name, value in (
        ("verdict", report.verdict),
        ("false_positive_rate", f"{report.false_positive_rate:g}"),
        ("model_score", wording.number(report.model_score)),
        ("model_p_value", wording.p_value(report.model_p_value)),
        ("auditor", report.tool.version),
        *_of_repair(report),
    ):
        SubElement(properties, "property", name=name, value=for_xml(value, NAME_LIMIT))
    suite.insert(0, properties)


def _of_repair(report: ReportV1) -> list[tuple[str, str]]:
    done, sequela = report.remediation, report.sequela
    found = [] if done is None else [("repair", done.verdict), ("method", done.method)]
    if sequela is not None:
        found.append(("sequela_score", wording.number(sequela.sequela_score)))
    return found
