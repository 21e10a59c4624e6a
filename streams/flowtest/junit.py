"""Results as JUnit XML, for CI."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from itertools import groupby

from streams.flowtest.judging import Result


def junit_xml(results: Sequence[Result]) -> str:
    """One suite per file, one test case per case."""
    root = ElementTree.Element("testsuites")
    for file, of_file in groupby(results, key=lambda result: result.case.file):
        listed = list(of_file)
        failures = sum(not result.has_passed for result in listed)
        suite = ElementTree.SubElement(
            root, "testsuite", name=file, tests=str(len(listed)), failures=str(failures)
        )
        for result in listed:
            case = ElementTree.SubElement(
                suite,
                "testcase",
                name=result.case.name,
                classname=file,
                file=file,
                line=str(result.case.line),
            )
            if not result.has_passed:
                failure = ElementTree.SubElement(case, "failure", message=result.picture[0])
                failure.text = "\n".join(result.picture)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"
