// A round of check after the first: the cells of the baseline that look slower, checked again in a process of their own.
import { join } from "node:path";
import { writeFileAtomically } from "../base/atomic_files.ts";
import { exitNow } from "../native/mod.ts";
import {
  type Baseline,
  baselinePartOf,
  baselineTextOf,
  type CellCheck,
  cellNamerOf,
  type Rules,
  runsOf,
} from "../regression/mod.ts";
import { valueFor } from "../regression/rules.ts";
import { readFailure } from "../runs/failure_file.ts";
import { identityOf } from "../runs/identity.ts";
import { labelOf } from "../runs/label.ts";
import { type Environment, type RunFile } from "../runs/run_file.ts";
import { readRunFolder } from "../runs/run_folder.ts";
import { launchCommandOf } from "./paths.ts";
import { runChild, signalExitCodes } from "./signals.ts";

/** What a round measures again. */
export interface CheckRound {
  readonly baseline: Baseline;
  /** The cells that look slower. */
  readonly slow: readonly CellCheck[];
  /** The number of this round. */
  readonly number: number;
  /** The number of rounds at most. */
  readonly max: number;
  /** The folder of the first round. */
  readonly folder: string;
  readonly rules: Rules;
}

/** How the runs of the first round were made; those of this one must be made alike. */
export interface RoundConditions extends Pick<Environment, "device" | "threads" | "jobs"> {
  readonly retry?: boolean | undefined;
}

/** Executes the round in `rounds/<number>` of the folder, or goes on with it, and says why. */
export async function runCheckRound(
  { baseline, slow, number, max, folder, rules }: CheckRound,
  { device, threads, jobs, retry }: RoundConditions,
): Promise<{ runs: readonly RunFile[]; obstacles: string[] }> {
  const nameOf = cellNamerOf(slow);
  for (const cell of slow) {
    const limit = valueFor(rules.limits, "speed", cell.configuration);
    console.error(
      `${nameOf(cell).join(", ")} looks ${Math.abs(cell.difference!).toFixed(1)}% slower, ` +
        `over the limit of ${limit}%: measured again, round ${number} of at most ${max}`,
    );
  }
  const roundFolder = join(folder, "rounds", String(number));
  const file = join(roundFolder, "baseline.json");
  const part = baselinePartOf(baseline, slow);
  await writeFileAtomically(file, baselineTextOf(part));
  const code = await runToEnd([
    ...["check", file, "--out", roundFolder, "--rounds", "1", "--device", device],
    ...["--threads", String(threads), "--jobs", String(jobs), ...(retry ? ["--retry"] : [])],
  ]);
  const isStopped = Object.values<number>(signalExitCodes).includes(code); // see `executeRuns`
  if (isStopped) exitNow(code); // the same command goes on from there
  const { runs } = await readRunFolder(roundFolder);
  const found = new Set(runs.map(({ identity }) => identity));
  const missing = runsOf(part).runs.filter((run) => !found.has(identityOf(run)));
  const obstacles = await Promise.all(missing.map(async (run) => {
    const reason = (await readFailure(roundFolder, run))?.reason ?? "there is no result";
    return `${labelOf(run)} failed in round ${number}: ${reason}`;
  }));
  return { runs, obstacles };
}

// Runs maskbench with these arguments; it says nothing but its progress. @returns its exit code
async function runToEnd(args: readonly string[]): Promise<number> {
  const [deno, ...words] = launchCommandOf(...args);
  const command = new Deno.Command(deno, {
    args: words,
    env: { GITHUB_ACTIONS: "", GITHUB_STEP_SUMMARY: "" }, // its findings are not those of the check
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  });
  return await runChild(command);
}
