// Whether the device learns what the processor learns: published sweeps, run here, against their published runs.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { markdownTable } from "markdown-table";
import {
  holm,
  type Interval,
  pairedDifference,
  summarise,
  tProbability,
} from "../../../src/base/statistics.ts";
import { identityOf } from "../../../src/runs/identity.ts";
import { networkNameOf } from "../../../src/runs/label.ts";
import { type RunFile } from "../../../src/runs/run_file.ts";
import { readRunFolder } from "../../../src/runs/run_folder.ts";
import { configurationsOf } from "../../../src/sweep/expand.ts";
import { readSweep } from "../../../src/sweep/read.ts";
import { selectRuns } from "../../../src/sweep/select.ts";
import type { Stage } from "../stage.ts";
import { datasetOr, jobsFor, mustNotFail, workOn } from "../work.ts";

export interface Agreement {
  readonly sweep: string;
  readonly cells: readonly AgreementCell[];
  /** Why there are none. */
  readonly missing?: string;
}

/** One algorithm at one sparsity, in percent, over the seeds that both have. */
export interface AgreementCell {
  readonly network: string;
  readonly algorithm: string;
  readonly sparsity: number;
  readonly seeds: number;
  readonly device: number;
  readonly processor: number;
  /** Device minus processor in points, paired by seed, and its 95% interval. */
  readonly difference: number;
  readonly interval: Interval | null;
  /** The two-sided probability of as large a difference by chance; 1 where all are equal, `null` where there is none. */
  readonly p: number | null;
}

/** The chance of finding any cell to differ where none does. */
const LEVEL = 0.05;

export const agreement: Stage<readonly Agreement[]> = {
  name: "agreement",
  title: "Beside the processor's runs",
  seconds: { cuda: 120, cpu: 600 },
  async run(context, keep) {
    const { rehearsal, out, folders } = context;
    const found: Agreement[] = [];
    for (const name of rehearsal ? ["quick"] : ["quick", "mnist"]) {
      const path = (...parts: string[]) =>
        join(fileURLToPath(new URL("../../..", import.meta.url)), ...parts);
      const sweep = await readSweep(path("bench", `${name}.json`));
      const dataset = await datasetOr(sweep.dataset, folders);
      if (typeof dataset === "string") {
        found.push({ sweep: name, cells: [], missing: dataset });
        continue;
      }
      // In a rehearsal what takes no time: a network that learns nothing.
      const only = rehearsal ? ["algorithm=random", "sparsity=0.5", "seed=1"] : [];
      const runs = selectRuns(configurationsOf(sweep, dataset), only);
      const folder = join(out, "agreement", name);
      mustNotFail(await workOn(runs, folder, jobsFor(context), context));
      const wanted = new Set(runs.map(identityOf));
      const here = (await readRunFolder(folder)).runs.filter(({ identity }) =>
        wanted.has(identity)
      );
      const cells = cellsOf(here, (await readRunFolder(path("results/published", name))).runs);
      found.push({
        sweep: name,
        cells,
        ...(cells.length > 0 ? {} : { missing: "no published run has the same identity" }),
      });
      keep(found);
    }
    return found;
  },
  section: (found) =>
    found.map(({ sweep, cells, missing }) =>
      missing ? `${sweep}: ${missing}.` : `${sweep}:\n\n${table(cells)}`
    ).join("\n\n"),
  targets(results) {
    const found = results.agreement as readonly Agreement[] | undefined;
    return ["quick", "mnist"].map((name) => {
      const cells = found?.find(({ sweep }) => sweep === name)?.cells ?? [];
      const what = `${name}: the device and the processor agree within seed noise`;
      const lowest = Math.min(...holm(cells.map(({ p }) => p)).filter((p) => p !== null));
      if (!Number.isFinite(lowest)) return { what, measured: null, met: null };
      const measured = `${cells.length} cells, smallest p ${lowest.toPrecision(2)} (Holm)`;
      return { what, measured, met: lowest >= LEVEL };
    });
  },
};

function table(cells: readonly AgreementCell[]): string {
  const points = (value: number) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
  return markdownTable([
    ["network", "algorithm", "sparsity", "seeds", "device", "processor", "difference [95%]", "p"],
    ...cells.map(({ difference, interval, p, ...cell }) => [
      cell.network,
      cell.algorithm,
      `${Math.round(100 * cell.sparsity)}%`,
      String(cell.seeds),
      cell.device.toFixed(2),
      cell.processor.toFixed(2),
      points(difference) +
      (interval ? ` [${points(interval.low)}, ${points(interval.high)}]` : ""),
      p === null ? "n/a" : p.toPrecision(2),
    ]),
  ], { align: ["l", "l", "r", "r", "r", "r", "r", "r"] });
}

/** Pairs the runs of one identity, and compares them cell by cell. */
export function cellsOf(
  here: readonly RunFile[],
  published: readonly RunFile[],
): AgreementCell[] {
  const pairs = here.flatMap((run) => {
    const other = published.find(({ identity }) => identity === run.identity);
    return other ? [{ run, other, configuration: run.configuration }] : [];
  });
  const cells = Map.groupBy(
    pairs,
    ({ configuration: { network, algorithm, sparsity } }) =>
      JSON.stringify([network, algorithm, sparsity]),
  );
  return [...cells.values()].map((members): AgreementCell => {
    const { network, algorithm, sparsity } = members[0]!.configuration;
    const accuracies = (of: "run" | "other") =>
      members.map((member) => 100 * member[of].result.lastTestAccuracy);
    const [a, b] = [accuracies("run"), accuracies("other")];
    const { mean, interval } = pairedDifference(a, b), seeds = members.length;
    const { deviation } = summarise(a.map((value, i) => value - b[i]!));
    return {
      network: networkNameOf({ network }),
      algorithm: algorithm.name,
      sparsity,
      seeds,
      device: summarise(a).mean,
      processor: summarise(b).mean,
      difference: mean,
      interval,
      p: a.every((value, i) => value === b[i])
        ? 1
        : interval === null
        ? null
        : 2 * tProbability(-Math.abs(mean) / (deviation! / Math.sqrt(seeds)), seeds - 1),
    };
  });
}
