// Following submitted runs until Slurm no longer has any of them.
import type { StopFlag } from "../runner/stop.ts";
import { readOverview, type RunState, type StatusOverview } from "./status.ts";

/**
 * Milliseconds before the next look: a tenth of the time that has passed, so that the end is reported soon after it, and half
 * a minute at most, so that a scheduler with thousands of jobs is not burdened.
 */
export const pauseAfter = (passed: number): number => Math.min(30_000, Math.max(1000, passed / 10));

/**
 * Looks at submitted runs again and again, until no task waits or runs, all runs are settled, or it is to stop.
 * @param report is called with the state of all whenever it has changed
 */
export async function followSubmissions(
  folder: string,
  stop: StopFlag,
  report: (text: string) => void,
): Promise<StatusOverview> {
  const known = new Set<string>(), began = performance.now();
  let reported = "";
  while (true) {
    const overview = await readOverview(folder, known), text = statusSummaryOf(overview);
    if (text !== reported) report(text);
    reported = text;
    if (stop.isAsked || isOver(overview)) return overview;
    await pause(pauseAfter(performance.now() - began), stop);
  }
}

const isOver = ({ statuses, live }: StatusOverview) =>
  live?.length === 0 || statuses.every(({ state }) => state === "finished" || state === "failed");

async function pause(milliseconds: number, stop: StopFlag): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  await Promise.race([promise, stop.asked]);
  clearTimeout(timer);
}

const stateTexts: Readonly<Record<RunState, string>> = {
  finished: "finished",
  failed: "failed",
  running: "under way",
  waiting: "waiting",
  missing: "missing",
  open: "not finished",
};

/** `412 of 1000 runs finished, 24 under way, 564 waiting (Resources)` */
export function statusSummaryOf({ statuses, live, silence }: StatusOverview): string {
  const byState = Map.groupBy(statuses, ({ state }) => state);
  const reasons = (live ?? []).filter(({ state }) => state === "PENDING")
    .map(({ reason }) => reason);
  const why = [...new Set(reasons)].filter((reason) => reason !== "None").sort().join(", ");
  const parts = (["running", "waiting", "open", "failed", "missing"] as const).flatMap((state) => {
    const count = byState.get(state)?.length ?? 0;
    return count === 0
      ? []
      : [`${count} ${stateTexts[state]}${state === "waiting" && why ? ` (${why})` : ""}`];
  });
  const finished = `${byState.get("finished")?.length ?? 0} of ${statuses.length} runs finished`;
  return [finished, ...parts, ...silence ? [`Slurm can't be asked: ${silence}`] : []].join(", ");
}
