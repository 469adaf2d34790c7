// Which task of a job array does which runs.

/**
 * Deals runs out in turn, so that all tasks begin with the first ones: of a sweep's first seeds, all else is compared
 * before the others begin.
 * @param most tasks that there may be, at least 1
 * @returns for each task its runs; every run is in one of them, and no two differ by more than one run
 */
export function sharesOf<Run>(runs: readonly Run[], most: number): Run[][] {
  const shares: Run[][] = Array.from({ length: Math.min(runs.length, most) }, () => []);
  runs.forEach((run, i) => shares[i % shares.length]!.push(run));
  return shares;
}
