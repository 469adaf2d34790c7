// Folders of pictures, made for tests.
import { dirname, join } from "node:path";
import sharp, { type Sharp } from "sharp";

/** Writes files by their paths within a folder. */
export function writeFiles(folder: string, files: Readonly<Record<string, Uint8Array>>): void {
  for (const [path, bytes] of Object.entries(files)) {
    Deno.mkdirSync(dirname(join(folder, path)), { recursive: true });
    Deno.writeFileSync(join(folder, path), bytes);
  }
}

/** A picture before it is encoded, from the colour of each pixel: three or four numbers. */
export function drawn(
  width: number,
  height: number,
  colour: (x: number, y: number) => readonly number[],
): Sharp {
  const channels = colour(0, 0).length as 3 | 4;
  const pixels = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) pixels.set(colour(x, y), (y * width + x) * channels);
  }
  return sharp(pixels, { raw: { width, height, channels } });
}

/** One of a single colour. */
export const plain = (width: number, height: number, ...colour: number[]): Sharp =>
  drawn(width, height, () => colour);
