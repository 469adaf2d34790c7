// The report of a GPU: report.json holds all of it, report.md is made from that alone.
import { join } from "node:path";
import { markdownTable } from "markdown-table";
import { z } from "zod";
import { writeFileAtomically } from "../../src/base/atomic_files.ts";
import { durationTextOf } from "../../src/base/duration.ts";
import { UserError } from "../../src/base/errors.ts";
import type { Results, Stage, Target } from "./stage.ts";

/** Raised when reports change so that older ones can't be read any more. */
const FORMAT = 1;

const entry = z.object({
  state: z.enum(["done", "skipped", "failed", "timed out", "cut off", "not reached"]),
  /** Why it is not done. */
  reason: z.string().optional(),
  /** What there is, whole only where it is done. */
  result: z.unknown().optional(),
  seconds: z.number().min(0),
  /** ISO 8601, UTC. */
  started: z.iso.datetime(),
  commit: z.string(),
});

const report = z.object({
  format: z.literal(FORMAT),
  /** The GPU's name, as its driver gives it; in a rehearsal the processor's. */
  name: z.string(),
  device: z.enum(["cpu", "cuda"]),
  rehearsal: z.boolean(),
  stages: z.record(z.string(), entry),
});

/** How a stage ended, and what it gave. */
export type Entry = z.infer<typeof entry>;
export type Report = z.infer<typeof report>;

/** A report with nothing in it yet. */
export function emptyReport(about: Pick<Report, "name" | "device" | "rehearsal">): Report {
  return { format: FORMAT, ...about, stages: {} };
}

/** The report of a folder, or nothing. @throws {UserError} where report.json is none */
export async function readReport(folder: string): Promise<Report | undefined> {
  const path = join(folder, "report.json");
  try {
    return report.parse(JSON.parse(await Deno.readTextFile(path)));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new UserError(`${path} is no report of this version: move it away, and start again`);
  }
}

/** Writes report.json and report.md, each whole or not at all. */
export async function writeReport(
  folder: string,
  report: Report,
  stages: readonly Stage[],
): Promise<void> {
  await writeFileAtomically(join(folder, "report.json"), `${JSON.stringify(report, null, 1)}\n`);
  await writeFileAtomically(join(folder, "report.md"), markdownOf(report, stages));
}

/** The text of report.md, ending in a newline: what was promised, how far each stage came, what each found. */
export function markdownOf(report: Report, stages: readonly Stage[]): string {
  const known = stages.filter(({ name }) => report.stages[name]);
  return [
    `# maskbench on ${report.name}`,
    report.rehearsal
      ? "**A rehearsal on the processor, with small settings: it shows that the command works. No figure here says " +
        "anything about a GPU.**"
      : "By `deno task gpu`. All figures, and what they were measured with, are in [report.json](report.json).",
    "## Targets",
    targetTable(report, stages),
    "## Stages",
    stagesOf(report, stages),
    ...known.flatMap(({ name, title, section }) => {
      const { state, result } = report.stages[name]!;
      if (result === undefined || result === null) return [];
      return [`## ${title}`, ...(state === "done" ? [] : ["_Not whole._"]), section(result)];
    }),
  ].join("\n\n") + "\n";
}

/** What the stages gave so far, by name. */
export function resultsOf({ stages }: Report): Results {
  return Object.fromEntries(Object.entries(stages).map(([name, { result }]) => [name, result]));
}

/** What was promised of a stage. None is met by one that is not whole: what it lacks may tell otherwise. */
export function targetsOf(report: Report, { name, targets }: Stage): Target[] {
  const whole = report.stages[name]?.state === "done";
  return (targets?.(resultsOf(report)) ?? [])
    .map((target) => target.met && !whole ? { ...target, met: null } : target);
}

/** ✓, ✗, or why neither. */
export function verdictOf({ met, measured }: Target): string {
  return met === null ? measured === null ? "not measured" : "not whole" : met ? "✓" : "✗";
}

function targetTable(report: Report, stages: readonly Stage[]): string {
  const all = stages.flatMap((stage) => targetsOf(report, stage));
  const verdict = (target: Target) => report.rehearsal ? "rehearsal" : verdictOf(target);
  const rows = all.map((target) => [target.what, target.measured ?? "—", verdict(target)]);
  const note = report.rehearsal || /H200/.test(report.name)
    ? ""
    : "\n\nTimes are promised for an H200: on another GPU they are to be read beside what that one can do.";
  return markdownTable([["target", "measured", ""], ...rows].map(escaped)) + note;
}

function stagesOf(report: Report, stages: readonly Stage[]): string {
  const rows = stages.map(({ name }) => {
    const entry = report.stages[name];
    if (!entry) return [name, "not asked for yet", "", "", ""];
    const { state, reason = "", seconds, started, commit } = entry;
    return [
      name,
      state,
      reason.split("\n")[0]!,
      durationTextOf(seconds),
      `${started} ${made(commit)}`,
    ];
  });
  return markdownTable([["stage", "", "reason", "took", "when, at commit"], ...rows].map(escaped));
}

const made = (commit: string) => commit.replace(/^([0-9a-f]{8})[0-9a-f]*/, "$1");

const escaped = (row: string[]) => row.map((text) => text.replaceAll("|", "\\|"));
