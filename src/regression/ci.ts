// What a check found, for CI systems: JUnit's XML, and GitHub's annotations.
import { escapeHtml } from "../base/html.ts";
import { cellNamerOf, type CheckResult } from "./report.ts";
import type { CellCheck } from "./types.ts";

// XML 1.0 allows no other characters.
const escapeXml = (text: string) => escapeHtml(text).replace(/[^\t\n\r\x20-\uFFFD]/g, "?");

const namerOf = (cells: readonly CellCheck[]) => {
  const factsOf = cellNamerOf(cells);
  return (cell: CellCheck) => factsOf(cell).join(", ");
};
const messageOf = ({ verdict, reasons }: CellCheck) => [verdict, ...reasons].join(": ");

/** The words of JUnit and GitHub for a verdict, or nothing for one that is not reported. JUnit has no word for a warning. */
function kindOf({ verdict, gate }: CellCheck): { junit: string; github: string } | undefined {
  if (verdict === "worse" || verdict === "broken") {
    return gate === "fail"
      ? { junit: "failure", github: "error" }
      : { junit: "skipped", github: "warning" };
  }
  if (gate === "warn") return undefined;
  if (verdict === "not compared") return { junit: "error", github: "warning" };
  if (verdict === "inconclusive") return { junit: "skipped", github: "notice" };
}

/**
 * A test case for each cell and metric. Those that fail the check are failures, those that could not be compared are errors,
 * warnings and inconclusive ones are skipped.
 */
export function junitOf({ cells, obstacles }: CheckResult): string {
  const nameOf = namerOf(cells);
  const cases = [
    ...cells.map((cell) => ({
      metric: `.${cell.metric}`,
      name: nameOf(cell),
      kind: kindOf(cell)?.junit,
      message: messageOf(cell),
    })),
    ...obstacles.map((message) => ({ metric: "", name: "comparison", kind: "error", message })),
  ];
  const count = (kind: string) => cases.filter((one) => one.kind === kind).length;
  const lines = cases.map(({ metric, name, kind, message }) => {
    const head = `  <testcase classname="maskbench.check${metric}" name="${escapeXml(name)}"`;
    return kind ? `${head}><${kind} message="${escapeXml(message)}"/></testcase>` : `${head}/>`;
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

/** The number of annotations of a kind that GitHub shows of a step; it drops the others without a word. */
const SHOWN_ANNOTATIONS = 10;

/**
 * A line for each cell that changed or is inconclusive, and for each obstacle, in the syntax of GitHub's log. Where there are
 * too many of a kind, the last one says how many more there are.
 */
export function annotationsOf({ cells, obstacles }: CheckResult): string[] {
  const nameOf = namerOf(cells);
  const escape = (text: string) =>
    text.replace(
      /[%\r\n]/g,
      (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
    );
  const findings = [
    ...cells.map((cell) => ({
      kind: kindOf(cell)?.github,
      text: `${nameOf(cell)}: ${cell.metric} ${messageOf(cell)}`,
    })),
    ...obstacles.map((text) => ({ kind: "warning", text })),
  ];
  const byKind = Map.groupBy(findings, ({ kind }) => kind);
  return [...byKind].flatMap(([kind, all]) => {
    if (kind === undefined) return [];
    const texts = all.map(({ text }) => text);
    const shown = texts.length > SHOWN_ANNOTATIONS
      ? [
        ...texts.slice(0, SHOWN_ANNOTATIONS - 1),
        `and ${texts.length - SHOWN_ANNOTATIONS + 1} more: see the job's summary`,
      ]
      : texts;
    return shown.map((text) => `::${kind} title=maskbench check::${escape(text)}`);
  });
}
