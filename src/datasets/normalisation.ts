// The mean and deviation by which networks read pictures, from the pictures themselves.

/** How often each value of a byte occurs, in one channel. */
export type ByteHistogram = Float64Array;

/** An empty histogram for each channel. */
export const byteHistogramsOf = (channels: number): ByteHistogram[] =>
  Array.from({ length: channels }, () => new Float64Array(256));

/**
 * Mean and deviation of each channel, of pixels scaled to 0..1, to the four places that published figures have.
 * @param histograms of each channel, of at least one pixel
 */
export function normalisationOf(
  histograms: readonly ByteHistogram[],
): { mean: number[]; deviation: number[] } {
  const moments = histograms.map((counts) => {
    const sum = (of: (value: number) => number) =>
      counts.reduce((total, count, value) => total + count * of(value / 255), 0);
    const count = sum(() => 1), mean = sum((value) => value) / count;
    return { mean, deviation: Math.sqrt(sum((value) => (value - mean) ** 2) / count) };
  });
  const round = (value: number) => Number(value.toFixed(4));
  return {
    mean: moments.map(({ mean }) => round(mean)),
    deviation: moments.map(({ deviation }) => Math.max(round(deviation), 1e-4)), // pictures of one colour have no deviation
  };
}

/** The same of pictures `(count, channels, area)`, row-major. */
export function normalisationOfPictures(
  images: Uint8Array,
  channels: number,
  area: number,
): { mean: number[]; deviation: number[] } {
  const histograms = byteHistogramsOf(channels);
  for (let start = 0, plane = 0; start < images.length; start += area, plane++) {
    const counts = histograms[plane % channels]!;
    for (let i = start; i < start + area; i++) counts[images[i]!]!++;
  }
  return normalisationOf(histograms);
}
