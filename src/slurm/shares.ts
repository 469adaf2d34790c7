// How runs are shared out among the tasks of a job array.

/**
 * Deals runs out in turn, so that all tasks begin with the first ones: of a sweep's first seeds, all else is compared
 * before the others begin.
 * @param maxTasks number of tasks that there may be, at least 1
 * @returns for each task its runs; every run is in one of them, and no two differ by more than one run
 */
export function sharesOf<Run>(runs: readonly Run[], maxTasks: number): Run[][] {
  const shares: Run[][] = Array.from({ length: Math.min(runs.length, maxTasks) }, () => []);
  runs.forEach((run, i) => shares[i % shares.length]!.push(run));
  return shares;
}
