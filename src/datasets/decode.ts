// Decoding of pictures, by sharp (libvips), and by bmp-ts what sharp does not read. Nothing else imports it: what computes on packed pictures has no decoder.
import { Buffer } from "node:buffer";
import { decode as decodeBmp } from "bmp-ts";
import sharp, { type Sharp } from "sharp";
import type { Picture } from "./pack.ts";

/** The libraries that decode, with their versions: other versions may give other pixels. */
export const decoder: Readonly<Record<string, string>> = Object.fromEntries(
  (["sharp", "vips", "mozjpeg", "png", "lcms"] as const).map((name) => [
    name,
    sharp.versions[name as keyof typeof sharp.versions] ?? "unknown",
  ]),
);

/** Pixels that a file may have. */
const MAX_PIXELS = 1 << 27;
/** How many times as long as wide a picture may be. */
const MAX_RATIO = 16;

sharp.cache(false);
sharp.concurrency(1); // many pictures are decoded at once instead

/**
 * The side that pictures are stored with so that networks can read `size`: the shorter one, 256 for 224, so that there is something
 * to crop; below 64 both sides, exactly.
 */
export const storedSide = (size: number): number => size < 64 ? size : Math.ceil(size * 256 / 224);

// The formats that are decoded, and the bytes that their files begin with. Anything else is refused before libvips sees
// it: it knows formats that can name other files. `sharp.block` would do so too, but for all threads of the process, and
// while one thread sets it, pictures of another fail.
const signatures = {
  JPEG: /^\xff\xd8\xff/,
  PNG: /^\x89PNG\r\n/,
  WebP: /^RIFF[^]{4}WEBP/,
  BMP: /^BM/,
} as const;

type Format = keyof typeof signatures;

const formats = Object.keys(signatures) as Format[];

function formatOf(file: Uint8Array): Format {
  const beginning = String.fromCharCode(...file.subarray(0, 12));
  const format = formats.find((name) => signatures[name].test(beginning));
  if (format === undefined) {
    throw new Error(`its first bytes are of none of these: ${formats.join(", ")}`);
  }
  return format;
}

// libvips reads no BMP.
function openBmp(file: Uint8Array): Sharp {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < 26) throw new Error("it ends within its header");
  const pixels = Math.abs(view.getInt32(18, true) * view.getInt32(22, true));
  if (pixels === 0 || pixels > MAX_PIXELS) {
    throw new Error(`${pixels} pixels, expected 1 to ${MAX_PIXELS}`);
  }
  const { data, width, height } = decodeBmp(Buffer.from(file), { toRGBA: true });
  for (let i = 3; i < data.length; i += 4) data[i] = 255; // few programs write it, and most leave it 0
  return sharp(data, { raw: { width, height, channels: 4 } });
}

/**
 * Decodes a JPEG, PNG, WebP or BMP file: turned as its EXIF says, in sRGB, 8 bits a channel, what is transparent on white, resized
 * (triangle filter) to `storedSide`; small ones are cut to a square.
 * @throws {Error} where it is no picture, damaged, cut short, or of extreme size; its message says so
 */
export async function decode(file: Uint8Array, size: number): Promise<Picture> {
  if (file.length === 0) throw new Error("the file is empty");
  const picture = formatOf(file) === "BMP"
    ? openBmp(file)
    : sharp(file, { failOn: "error", limitInputPixels: MAX_PIXELS });
  const { autoOrient } = await picture.metadata();
  return await fit(picture.autoOrient().flatten({ background: "white" }), autoOrient, size);
}

/**
 * Makes a picture of an array what `decode` makes that of a file, but keeps each pixel where it has the size already.
 * @throws {Error} where it is of extreme size; its message says so
 */
export async function resizePicture(picture: Picture, size: number): Promise<Picture> {
  const { height, width, pixels } = picture;
  if (height === size && width === size) return picture;
  return await fit(sharp(pixels, { raw: { width, height, channels: 3 } }), picture, size);
}

// Resizes a picture that is `width` × `height` to `storedSide`.
async function fit(
  picture: Sharp,
  { width, height }: Readonly<Record<"width" | "height", number>>,
  size: number,
): Promise<Picture> {
  const shorter = Math.min(width, height), side = storedSide(size);
  if (Math.max(width, height) > MAX_RATIO * shorter) {
    throw new Error(`${width} × ${height} pixels, more than ${MAX_RATIO} times as long as wide`);
  }
  const scaled = (length: number) =>
    size < 64 ? side : Math.max(side, Math.round(length * side / shorter));
  const { data, info } = await picture
    .resize({ width: scaled(width), height: scaled(height), fit: "cover", kernel: "linear" })
    .toColourspace("srgb").raw().toBuffer({ resolveWithObject: true });
  if (info.channels !== 3) throw new Error(`${info.channels} channels, expected 3`);
  return { height: info.height, width: info.width, pixels: data };
}
