"""`sendflow test`: tests of flows, without Kafka."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import output
from streams.cli.options import JsonOption

if TYPE_CHECKING:
    from streams.flowtest.judging import Result


def run_tests(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH", help="Folders or .test.yaml files.")
    ],
    junit: Annotated[
        Path | None, typer.Option(metavar="FILE", help="JUnit XML output file.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Run flow tests on the real engine with a simulated clock, without Kafka. Alias: `sendflow
    flows test`.

    \b
    Exit status: 0 all passed, 1 some failed, 2 unreadable file.
    Example: sendflow test flows
    """
    from streams.errors import Refused
    from streams.flowtest.cases import find_files, read_file
    from streams.flowtest.judging import judge_case
    from streams.flowtest.junit import junit_xml

    missing = [path for path in paths if not path.exists()]
    if missing:
        raise Refused(f"{missing[0]}: no such file or folder")
    files = find_files(paths)
    if not files:
        raise Refused("no .test.yaml files under these paths")
    read = [read_file(file) for file in files]
    problems = [problem for of_file in read for problem in of_file.problems]
    if problems:
        raise Refused("\n".join(str(problem) for problem in problems))
    results = [judge_case(case) for of_file in read for case in of_file.cases]
    if junit is not None:
        junit.write_text(junit_xml(results), encoding="utf-8")
    if as_json:
        _print_json(results)
    else:
        _print(results)
    if not all(result.has_passed for result in results):
        raise typer.Exit(output.NOT_SO)


def _print_json(results: "list[Result]") -> None:
    output.print_json(
        {
            "passed": sum(result.has_passed for result in results),
            "failed": sum(not result.has_passed for result in results),
            "cases": [
                {
                    "file": result.case.file,
                    "line": result.case.line,
                    "name": result.case.name,
                    "passed": result.has_passed,
                    "picture": result.picture,
                }
                for result in results
            ],
        }
    )


def _print(results: "list[Result]") -> None:
    for result in results:
        if not result.has_passed:
            output.say(f"✗ {result.case.file}:{result.case.line}: {result.case.name}", "red")
            for line in result.picture:
                output.say(f"    {line}")
            output.say()
    failed = sum(not result.has_passed for result in results)
    files = len({result.case.file for result in results})
    in_files = output.several(files, "file")
    passed = f"{len(results) - failed} of {len(results)} cases passed, {in_files}"
    output.say(passed, "red" if failed else "green")
