// What a check found, for CI systems: JUnit's XML, and GitHub's annotations.
import type { CellCheck, Verdict } from "./compare.ts";
import { type Check, placeOf } from "./report.ts";

const escaped = (text: string) =>
  text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
    .replace(/[^\t\n\r\x20-\uFFFD]/g, "?"); // what XML 1.0 has no place for

const nameOf = (cell: CellCheck) => placeOf(cell).join(", ");
const messageOf = ({ verdict, reasons }: CellCheck) => [verdict, ...reasons].join(": ");

/** What JUnit and GitHub call the verdicts that they are told of. */
const kinds: Partial<Record<Verdict, { readonly junit: string; readonly github: string }>> = {
  worse: { junit: "failure", github: "error" },
  broken: { junit: "failure", github: "error" },
  "not compared": { junit: "error", github: "warning" },
  inconclusive: { junit: "skipped", github: "notice" },
};

/**
 * A test case for each cell: worse or broken ones failed, those that could not be compared are errors, inconclusive ones
 * are skipped.
 */
export function junitOf({ cells, obstacles }: Check): string {
  const cases = [
    ...cells.map((cell) => ({
      name: nameOf(cell),
      kind: kinds[cell.verdict]?.junit,
      message: messageOf(cell),
    })),
    ...obstacles.map((message) => ({ name: "comparison", kind: "error", message })),
  ];
  const count = (kind: string) => cases.filter((one) => one.kind === kind).length;
  const lines = cases.map(({ name, kind, message }) => {
    const head = `  <testcase classname="maskbench.check" name="${escaped(name)}"`;
    return kind ? `${head}><${kind} message="${escaped(message)}"/></testcase>` : `${head}/>`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name="maskbench check" tests="${cases.length}" failures="${count("failure")}" ` +
    `errors="${count("error")}" skipped="${count("skipped")}">`,
    ...lines,
    "</testsuite>",
    "",
  ].join("\n");
}

/** A line for each cell that moved or can't be told, and each obstacle, as GitHub's log reads them. */
export function annotationsOf({ cells, obstacles }: Check): string[] {
  const escape = (text: string) =>
    text.replace(
      /[%\r\n]/g,
      (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
    );
  const line = (kind: string, text: string) => `::${kind} title=maskbench check::${escape(text)}`;
  return [
    ...cells.flatMap((cell) => {
      const kind = kinds[cell.verdict]?.github;
      return kind ? [line(kind, `${nameOf(cell)}: ${messageOf(cell)}`)] : [];
    }),
    ...obstacles.map((obstacle) => line("warning", obstacle)),
  ];
}
