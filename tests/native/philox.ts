// Philox4x32-10 in whole numbers, straight from its definition.

const half = (1n << 32n) - 1n;

/** @param counter four words of 32 bits @param key two */
export function philox(counter: readonly bigint[], key: readonly bigint[]): bigint[] {
  let [c0, c1, c2, c3] = counter as [bigint, bigint, bigint, bigint];
  let [k0, k1] = key as [bigint, bigint];
  for (let round = 0; round < 10; round++) {
    const even = c0 * 0xD2511F53n, odd = c2 * 0xCD9E8D57n;
    [c0, c1, c2, c3] = [(odd >> 32n) ^ c1 ^ k0, odd & half, (even >> 32n) ^ c3 ^ k1, even & half];
    [k0, k1] = [(k0 + 0x9E3779B9n) & half, (k1 + 0xBB67AE85n) & half];
  }
  return [c0, c1, c2, c3];
}

/** What `mb_noise` writes, at one place. */
export function noiseAt(place: number, key: number, draw: number): number {
  const words = (value: number) => [BigInt(value) & half, BigInt(value) >> 32n];
  const four = philox([...words(Math.floor(place / 4)), ...words(draw)], words(key));
  return (Number(four[place % 4]! >> 9n) + 0.5) / 2 ** 23;
}
