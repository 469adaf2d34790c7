// Points that fill a cube evenly, however many are taken: a larger budget begins with the same points.
//
//   x_i = frac(i (√2, √3, √5, √7, …))
//
// Richtmyer's sequence (1951). Points drawn at random leave gaps in each direction that a small budget can't afford.

/** The first `count` points, each of `dimensions` coordinates in [0, 1). */
export function pointsOf(dimensions: number, count: number): number[][] {
  const roots = primes(dimensions).map(Math.sqrt);
  return Array.from({ length: count }, (_, i) => roots.map((root) => ((i + 1) * root) % 1));
}

function primes(count: number): number[] {
  const found: number[] = [];
  for (let n = 2; found.length < count; n++) if (found.every((prime) => n % prime)) found.push(n);
  return found;
}
