// maskbench check BASELINE: whether anything got worse.
import { basename } from "node:path";
import { Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { writeFileAtomically } from "../../base/atomic_files.ts";
import { DatasetError } from "../../datasets/dataset.ts";
import {
  annotationsOf,
  type Baseline,
  compareInRounds,
  defaultRoundCount,
  defaultRules,
  exitCodeOf,
  gates,
  junitOf,
  metricNames,
  parseRule,
  readBaseline,
  type Rules,
  runsOf,
  writeCheck,
} from "../../regression/mod.ts";
import { datasetOf } from "../../runner/dataset_cache.ts";
import type { ExecutionRequest } from "../../runner/execution_options.ts";
import { ownCommit } from "../../runs/environment.ts";
import { identityOf } from "../../runs/identity.ts";
import { labelOf } from "../../runs/label.ts";
import { readRunFolder } from "../../runs/run_folder.ts";
import type { RunConfig } from "../../training/config.ts";
import { runCheckRound } from "../check_round.ts";
import { executeRuns, withExecutionOptions } from "../execute.ts";
import { parsePositive } from "../options.ts";
import { dataFolders, ownPathOf, shownPathOf, userPathOf } from "../paths.ts";

const parseProbability = (text: string): number => {
  const value = Number(text);
  if (text.trim() !== "" && value >= 1e-9 && value <= 0.5) return value;
  throw new InvalidArgumentError("expected a number from 1e-9 to 0.5.");
};
const collect = (text: string, before: string[]) => [...before, text];

export const checkCommand = () =>
  withExecutionOptions(new Command("check"))
    .description(
      "compare runs with a baseline; exit 1 if anything got worse, 3 if it can't be decided",
    )
    .argument("<baseline>", "a file that `baseline` made")
    .option(
      "--out <dir>",
      "write runs and findings to this folder; default results/check-<baseline>",
    )
    .option(
      "--against <dir>",
      "compare with the finished runs of this folder, in one round, and run nothing",
    )
    .option("--junit <file>", "also write the findings to this file, as JUnit's XML")
    .option(
      "--gate <metric=fail|warn>",
      "let worse bytes, accuracy, speed or memory fail the check or only warn, and with bytes " +
        "other kept weights or another first batch; " +
        "default bytes=fail accuracy=fail speed=warn memory=warn",
      collect,
      [] as string[],
    )
    .option(
      "--limit <metric=number>",
      "ignore losses under this: points of accuracy, percent of speed and memory; " +
        "default accuracy=0.5 speed=5 memory=40",
      collect,
      [] as string[],
    )
    .option(
      "--rounds <n>",
      "measure what looks slower than the limit again, in new processes, until it no longer does " +
        "or n rounds are made in all; 1: never",
      parsePositive,
      defaultRoundCount,
    )
    .option(
      "--level <p>",
      "accept this chance of any false alarm, for each metric",
      parseProbability,
      defaultRules.level,
    )
    .addHelpText(
      "after",
      `
--gate and --limit may be repeated, and be for some cells only; of several that fit, the last counts.

Speed needs a baseline of several rounds: \`baseline\` takes several folders. With five, up to three
rounds now and the default limit, simulations from repeats of bench/ci.json raise a false alarm in at
most 2 of 1000 checks and find a loss of 10% in at least 95 of 100 (docs/regressions.md).

Examples:
  deno task check results/baselines/ci.json
  deno task check mine.json --gate speed=fail --limit speed=8 --rounds 5
  deno task check mine.json --gate speed:algorithm=sbp=fail --limit accuracy:network=conv6=1`,
    )
    .action(checkBaseline);

/** What the command line says. */
interface CheckOptions extends ExecutionRequest {
  readonly out?: string | undefined;
  readonly against?: string | undefined;
  readonly junit?: string | undefined;
  readonly gate: string[];
  readonly limit: string[];
  readonly rounds: number;
  readonly level: number;
}

async function checkBaseline(file: string, options: CheckOptions): Promise<void> {
  const { against, junit, gate, limit, level } = options;
  const path = userPathOf(file), baseline = await readBaseline(path, shownPathOf(path));
  const rules = rulesOf(baseline, { gate, limit, level });
  const { runs, obstacles } = runsOf(baseline);
  const folder = folderOf(path, options);
  if (against === undefined) {
    await reportOtherCommits(folder, runs);
    const executable = await findRunsWithData(runs, obstacles);
    const { failed } = await executeRuns(executable, runs.length, folder, options);
    obstacles.push(...failed.map(({ config, reason }) => `${labelOf(config)} failed: ${reason}`));
  }
  const current = await readRunFolder(against === undefined ? folder : userPathOf(against));
  for (const { path, reason } of current.invalidFiles) {
    obstacles.push(`${shownPathOf(path)} was set aside: it ${reason}`);
  }
  // Runs that another command has made are one round, whatever became of them.
  const max = against === undefined ? options.rounds : 1;
  const cells = await compareInRounds(baseline, current.runs, rules, max, async (number, slow) => {
    const round = await runCheckRound(
      { baseline, slow, number, max, folder, rules },
      { ...options, ...current.runs[0]!.environment },
    );
    obstacles.push(...round.obstacles);
    return round.runs;
  });
  const check = { cells, rules, obstacles };
  const markdown = await writeCheck(folder, check);
  console.log(markdown);
  if (junit !== undefined) await writeFileAtomically(userPathOf(junit), junitOf(check));
  if (Deno.env.get("GITHUB_ACTIONS")) annotationsOf(check).forEach((line) => console.log(line));
  await addToJobSummary(markdown);
  Deno.exitCode = exitCodeOf(check);
}

// Adds the findings to the summary of the job that this runs in, if there is one. They stand in the log in any case.
async function addToJobSummary(markdown: string): Promise<void> {
  const summary = Deno.env.get("GITHUB_STEP_SUMMARY");
  if (!summary) return;
  try {
    await Deno.writeTextFile(summary, markdown, { append: true });
  } catch (error) {
    console.error(`warning: the job's summary can't be written: ${(error as Error).message}`);
  }
}

/** The folder for runs and findings. @param path of the baseline */
function folderOf(path: string, { out, against }: CheckOptions): string {
  if (out !== undefined) return userPathOf(out);
  if (against !== undefined) return userPathOf(against);
  return ownPathOf("results", `check-${basename(path).replace(/(\.baseline)?\.json$/, "")}`);
}

// A check that was stopped is gone on with, and so would be one of another commit: that is reported.
async function reportOtherCommits(folder: string, runs: readonly RunConfig[]): Promise<void> {
  const meant = new Set(runs.map(identityOf));
  const left = (await readRunFolder(folder)).runs.filter(({ identity }) => meant.has(identity));
  if (left.length === 0) return; // the usual case, in which git need not be asked
  const commit = ownCommit();
  const others = left.filter(({ environment }) => environment.commit !== commit);
  if (others.length === 0) return;
  const count = `${others.length} ${others.length === 1 ? "run" : "runs"}`;
  console.error(
    `${count} in ${shownPathOf(folder)} are of an ` +
      "earlier check, with another commit of maskbench, and are compared as they are: --out " +
      "another folder runs them again",
  );
}

// The default rules, and after them those of the command line.
function rulesOf(
  { cells }: Baseline,
  { gate, limit, level }: { gate: string[]; limit: string[]; level: number },
): Rules {
  const gateOf = (text: string) => gates.find((gate) => gate === text);
  const limitOf = (text: string) => {
    const value = Number(text);
    return text.trim() !== "" && value > 0 && value < 100 ? value : undefined;
  };
  return {
    level,
    gates: [
      ...defaultRules.gates,
      ...gate.map((text) =>
        parseRule("--gate", text, ["bytes", ...metricNames], gateOf, gates.join("|"), cells)
      ),
    ],
    limits: [
      ...defaultRules.limits,
      ...limit.map((text) =>
        parseRule("--limit", text, metricNames, limitOf, "a number from 0 to 100", cells)
      ),
    ],
  };
}

// The runs whose data set is here, and is the one that the baseline names; the others become obstacles.
async function findRunsWithData(
  runs: readonly RunConfig[],
  obstacles: string[],
): Promise<RunConfig[]> {
  const executable: RunConfig[] = [], seen = new Map<string, string | undefined>();
  for (const run of runs) {
    const { name, split, checksum } = run.dataset, key = `${name} ${split} ${checksum}`;
    if (!seen.has(key)) {
      const fault = await datasetOf(run.dataset, dataFolders()).then(
        (dataset) =>
          dataset.checksum === checksum
            ? undefined
            : `the files of ${name} are not those of the baseline`,
        (error) => {
          if (error instanceof DatasetError) return error.message;
          throw error;
        },
      );
      if (fault !== undefined) obstacles.push(fault);
      seen.set(key, fault);
    }
    if (seen.get(key) === undefined) executable.push(run);
  }
  return executable;
}
