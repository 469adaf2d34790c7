// maskbench check BASELINE: whether anything got worse.
import { basename } from "node:path";
import { Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { DatasetError } from "../datasets/dataset.ts";
import {
  annotationsOf,
  compare,
  defaultRules,
  exitCodeOf,
  junitOf,
  readBaseline,
  runsOf,
  writeCheck,
} from "../regression/mod.ts";
import type { RunConfig } from "../training/config.ts";
import { datasetFor } from "../sweep/data.ts";
import { labelOf } from "../sweep/label.ts";
import { readRuns, writeWhole } from "../sweep/store.ts";
import { dataFolders, ownPath, shownPath, userPath } from "./paths.ts";
import { withWorkOptions, workOff } from "./work.ts";

const number = (low: number, high: number) => (text: string): number => {
  const value = Number(text);
  if (text.trim() !== "" && value >= low && value <= high) return value;
  throw new InvalidArgumentError(`expected a number from ${low} to ${high}.`);
};

export const checkCommand = () =>
  withWorkOptions(new Command("check"))
    .description(
      "compare runs with a baseline; exit 1 if anything got worse, 3 if it can't be told",
    )
    .argument("<baseline>", "a file that `baseline` made")
    .option("--out <dir>", "where runs and findings go; default results/check-<baseline>")
    .option("--against <dir>", "compare with the runs of this folder, and run nothing")
    .option("--junit <file>", "also write the findings as JUnit's XML")
    .option("--floor <points>", "losses under this don't count", number(0, 100), defaultRules.floor)
    .option("--level <p>", "chance of any false alarm", number(1e-9, 0.5), defaultRules.level)
    .action(async (file, { out, against, junit, floor, level, ...options }) => {
      const path = userPath(file), baseline = await readBaseline(path, shownPath(path));
      const { runs, obstacles } = runsOf(baseline);
      const name = basename(path).replace(/(\.baseline)?\.json$/, "");
      const folder = against !== undefined && out === undefined
        ? userPath(against)
        : out === undefined
        ? ownPath("results", `check-${name}`)
        : userPath(out);
      if (against === undefined) {
        const able = await withData(runs, obstacles);
        const { failed } = await workOff(able, runs.length, folder, options);
        obstacles.push(
          ...failed.map(({ config, reason }) => `${labelOf(config)} failed: ${reason}`),
        );
      }
      const found = await readRuns(against === undefined ? folder : userPath(against));
      obstacles.push(
        ...found.setAside.map(({ path, reason }) =>
          `${shownPath(path)} was set aside: it ${reason}`
        ),
      );
      const rules = { floor, level };
      const check = { cells: compare(baseline, found.runs, rules), rules, obstacles };
      const markdown = await writeCheck(folder, check);
      console.log(markdown);
      if (junit !== undefined) await writeWhole(userPath(junit), junitOf(check));
      if (Deno.env.get("GITHUB_ACTIONS")) annotationsOf(check).forEach((line) => console.log(line));
      const summary = Deno.env.get("GITHUB_STEP_SUMMARY");
      if (summary) await Deno.writeTextFile(summary, markdown, { append: true });
      Deno.exitCode = exitCodeOf(check);
    });

// The runs whose data set is here, and the one that the baseline means.
async function withData(runs: readonly RunConfig[], obstacles: string[]): Promise<RunConfig[]> {
  const able: RunConfig[] = [], seen = new Map<string, string | undefined>();
  for (const run of runs) {
    const { name, split, checksum } = run.dataset, key = `${name} ${split} ${checksum}`;
    if (!seen.has(key)) {
      const fault = await datasetFor(run.dataset, dataFolders()).then(
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
    if (seen.get(key) === undefined) able.push(run);
  }
  return able;
}
