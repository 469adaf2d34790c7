// Better variances of many small samples. Five seeds say little about their own spread, but many cells with five seeds
// each show what spread is usual: every cell's variance is shrunk towards that, the more so the more alike the cells are.
// Smyth, "Linear models and empirical Bayes methods for assessing differential expression", 2004, as in limma's
// squeezeVar.

/** Variances after shrinkage, with their degrees of freedom. */
export interface ShrunkVariances {
  readonly variances: readonly number[];
  /** Degrees of freedom of a t test with each variance. */
  readonly degrees: readonly number[];
}

/**
 * Shrinks sample variances towards what is usual among them.
 * @param variances positive, one for each cell
 * @param degrees of freedom of each, at least 1: values less one
 */
export function shrinkVariances(
  variances: readonly number[],
  degrees: readonly number[],
): ShrunkVariances {
  const prior = priorOf(variances, degrees);
  if (!prior) return { variances, degrees };
  const all = sum(degrees);
  const pooled = degrees.map((own) => Math.min(prior.degrees + own, all));
  if (prior.degrees === Infinity) {
    return { variances: variances.map(() => prior.variance), degrees: pooled };
  }
  return {
    variances: variances.map((variance, i) =>
      (prior.degrees * prior.variance + degrees[i]! * variance) / (prior.degrees + degrees[i]!)
    ),
    degrees: pooled,
  };
}

// Fits the prior by the moments of log s², whose mean and variance depend on it by digamma and trigamma; a single cell has
// no prior.
function priorOf(variances: readonly number[], degrees: readonly number[]) {
  const n = variances.length;
  if (n < 2) return undefined;
  const logs = variances.map((variance, i) =>
    Math.log(variance) - digamma(degrees[i]! / 2) + Math.log(degrees[i]! / 2)
  );
  const mean = sum(logs) / n;
  const spread = sum(logs.map((log) => (log - mean) ** 2)) / (n - 1) -
    sum(degrees.map((own) => trigamma(own / 2))) / n;
  if (spread <= 0) return { degrees: Infinity, variance: sum(variances) / n };
  const half = trigammaInverse(spread);
  return { degrees: 2 * half, variance: Math.exp(mean + digamma(half) - Math.log(half)) };
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** The derivative of log Γ at a positive number. Abramowitz and Stegun, 6.3.5 and 6.3.18. */
export function digamma(x: number): number {
  if (x < 10) return digamma(x + 1) - 1 / x;
  const y = 1 / x ** 2;
  return Math.log(x) - 1 / (2 * x) - y * (1 / 12 - y * (1 / 120 - y * (1 / 252 - y / 240)));
}

/** The derivative of digamma. Abramowitz and Stegun, 6.4.6 and 6.4.12. */
export function trigamma(x: number): number {
  if (x < 10) return trigamma(x + 1) + 1 / x ** 2;
  const y = 1 / x ** 2;
  return 1 / x + y / 2 + y / x * (1 / 6 - y * (1 / 30 - y * (1 / 42 - y / 30)));
}

/** The argument at which trigamma, which falls from infinity to 0, has that positive value: by bisection of the logarithm. */
export function trigammaInverse(value: number): number {
  let low = -20, high = 20;
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (trigamma(Math.exp(middle)) > value) low = middle;
    else high = middle;
  }
  return Math.exp((low + high) / 2);
}
