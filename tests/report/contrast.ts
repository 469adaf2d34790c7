// Contrast as WCAG 2.2 defines it.

/** Relative luminance of a colour such as `#20252b` or `rgb(32, 37, 43)`. */
export function luminance(color: string): number {
  const parts = color.startsWith("#")
    ? [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16))
    : color.match(/[\d.]+/g)!.map(Number);
  const [r, g, b] = parts.map((value) => linear(value / 255));
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

/** The part of light that a colour's component, in [0, 1], stands for. */
export function linear(part: number): number {
  return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
}

/** From 1 to 21. */
export function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high! + 0.05) / (low! + 0.05);
}
