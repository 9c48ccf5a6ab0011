"""A repair as tests: a mapping that is left fails, what was not measured is skipped."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement

from auditor.output import repair_wording as repair_words
from auditor.output import sequela_wording as words
from auditor.output import wording
from auditor.output.comparison_v1 import ComparisonV1
from auditor.output.escaping import for_xml
from auditor.output.junit_suite import case, counted, text_of
from auditor.output.remediation_v1 import RemediationV1
from auditor.output.report_v1 import ReportV1
from auditor.output.sequela_v1 import SequelaV1


def repair_cases(suite: Element, report: ReportV1, done: RemediationV1) -> None:
    """Verdict, mappings, accuracy and components as tests, in this order."""
    verdict = repair_words.explained_repair(done)
    first = case(suite, "repair", f"{done.verdict}: {verdict.says}")
    if done.verdict in ("partly", "not repaired"):
        said = SubElement(first, "failure", type=done.verdict, message=for_xml(verdict.means))
        said.text = "\n".join(for_xml(reason) for reason in done.reasons)
    for number, mapping in enumerate(done.mappings, start=1):
        who, target, state, before, after, natural = repair_words.mapping_row(mapping)
        test = case(suite, "repair.mapping", f"{number}. {who} to {target} [{mapping.id}]")
        told = f"before {before}, after {after}, natural rate {natural}"
        if mapping.state != "gone":
            SubElement(test, "failure", type=state, message=for_xml(f"{state}: {told}"))
        else:
            SubElement(test, "system-out").text = for_xml(told)
    if done.accuracy is not None:
        line = for_xml(repair_words.accuracy_line(done.accuracy))
        SubElement(case(suite, "repair", "accuracy"), "system-out").text = line
    if report.sequela is not None:
        sequela_cases(suite, report.sequela)
    else:
        test = case(suite, "sequela", "not measured")
        SubElement(test, "skipped", message=for_xml(repair_words.why_no_sequela(report)))


def sequela_cases(suite: Element, sequela: SequelaV1) -> None:
    """Every component as a test: nothing here fails a gate, and what is missing is skipped."""
    score = case(suite, "sequela", f"score {words.score_line(sequela)}")
    SubElement(score, "system-out").text = for_xml(words.gravest_line(sequela))
    for component in words.components(sequela):
        test = case(suite, "sequela", component.name)
        if component.harm is None:
            SubElement(test, "skipped", message=for_xml(component.why))
            continue
        pairs = zip(words.COMPONENT_COLUMNS, words.component_row(component), strict=True)
        told = ", ".join(f"{name} {value}" for name, value in list(pairs)[1:])
        SubElement(test, "system-out").text = for_xml(told)
    for skip in sequela.skips:
        if skip.subject not in sequela.missing:
            remedy = f" Remedy: {skip.remedy}" if skip.remedy else ""
            test = case(suite, "sequela.not measured", skip.subject)
            said = f"{skip.reason.rstrip('.')}.{remedy}"
            SubElement(test, "skipped", message=for_xml(said))


def render_comparison(report: ComparisonV1) -> str:
    """The report of `auditor sequela` as one test suite."""
    suites = Element("testsuites")
    suite = SubElement(suites, "testsuite")
    sequela_cases(suite, report.sequela)
    named = [wording.pinned(m.source, m.revision) for m in (report.before, report.after)]
    counted(suite, f"auditor sequela {' '.join(named)}", report.seconds, report.started)
    return text_of(suites)
