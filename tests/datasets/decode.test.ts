// Decoding against colours and places that are known: every kind of picture becomes rows of red, green and blue.
import assert from "node:assert/strict";
import sharp from "sharp";
import { decode, storedSide } from "../../src/datasets/decode.ts";
import { drawn, plain } from "./pictures.ts";

const near = (found: ArrayLike<number>, expected: readonly number[], within: number) =>
  assert.ok(
    expected.every((value, i) => Math.abs(found[i]! - value) <= within),
    `${Array.from(found)}, expected ${expected}`,
  );

Deno.test("decode() gives red, green and blue when a picture is grey, CMYK, of 16 bits, a palette or transparent", async () => {
  const orange = [200, 100, 50], onWhite = [200, 100, 50].map((v) => 255 + (v - 255) * 128 / 255);
  const kinds: Record<string, [Promise<Uint8Array>, number[], number]> = {
    jpeg: [plain(9, 8, ...orange).jpeg().toBuffer(), orange, 3],
    progressive: [plain(9, 8, ...orange).jpeg({ progressive: true }).toBuffer(), orange, 3],
    png: [plain(9, 8, ...orange).png().toBuffer(), orange, 0],
    "grey jpeg": [
      plain(9, 8, 77, 77, 77).toColourspace("b-w").jpeg().toBuffer(),
      [77, 77, 77],
      2,
    ],
    "grey png": [plain(9, 8, 77, 77, 77).toColourspace("b-w").png().toBuffer(), [77, 77, 77], 1],
    "16 bits": [plain(9, 8, ...orange).toColourspace("rgb16").png().toBuffer(), orange, 1],
    "grey of 16 bits": [
      plain(9, 8, 77, 77, 77).toColourspace("grey16").png().toBuffer(),
      [77, 77, 77],
      1,
    ],
    palette: [plain(9, 8, ...orange).png({ palette: true }).toBuffer(), orange, 1],
    "half transparent": [plain(9, 8, ...orange, 128).png().toBuffer(), onWhite, 1],
    transparent: [plain(9, 8, ...orange, 0).png().toBuffer(), [255, 255, 255], 0],
    CMYK: [plain(9, 8, ...orange).toColourspace("cmyk").jpeg().toBuffer(), orange, 40],
  };
  for (const [kind, [file, colour, within]] of Object.entries(kinds)) {
    const { height, width, pixels } = await decode(await file, 8);
    assert.deepEqual([height, width, pixels.length], [8, 8, 192], kind);
    for (let at = 0; at < pixels.length; at += 3) near(pixels.subarray(at, at + 3), colour, within);
  }
});

Deno.test("decode() turns a picture when its EXIF says so", async () => {
  // Stored with red on the left; 6 means that it is to be turned clockwise, so that red is then at the top.
  const file = await drawn(80, 100, (x) => x < 40 ? [255, 0, 0] : [0, 0, 255])
    .withMetadata({ orientation: 6 }).png().toBuffer();
  const { height, width, pixels } = await decode(file, 64);
  assert.deepEqual([height, width], [storedSide(64), Math.round(100 * storedSide(64) / 80)]);
  near(pixels.subarray(0, 3), [255, 0, 0], 2);
  near(pixels.subarray(3 * (width - 1), 3 * width), [255, 0, 0], 2);
  near(pixels.subarray(-3), [0, 0, 255], 2);
});

Deno.test("decode() makes the shorter side 256, or a square, when the size is 224, or small", async () => {
  assert.deepEqual([224, 64, 63, 32].map(storedSide), [256, 74, 63, 32]);
  const sizes: [number, number, number, number, number][] = [
    [500, 375, 224, 256, 341],
    [100, 200, 224, 512, 256],
    [30, 20, 224, 256, 384],
    [64, 64, 32, 32, 32],
    [90, 30, 32, 32, 32],
  ];
  for (const [width, height, size, high, wide] of sizes) {
    const picture = await decode(await plain(width, height, 1, 2, 3).png().toBuffer(), size);
    assert.deepEqual([picture.height, picture.width], [high, wide]);
  }
  // Cut, not squeezed: the outer thirds of a long one are gone.
  const long = drawn(96, 32, (x) => x < 32 || x >= 64 ? [255, 0, 0] : [0, 0, 255]);
  const { pixels } = await decode(await long.png().toBuffer(), 32);
  for (let at = 0; at < pixels.length; at += 3) {
    assert.deepEqual([...pixels.subarray(at, at + 3)], [0, 0, 255]);
  }
});

Deno.test("decode() keeps every pixel when the picture has the right size", async () => {
  const noise = (x: number, y: number) =>
    [0, 1, 2].map((c) => Math.imul(x * 97 + y * 31 + c, 2654435761) >>> 24);
  const { pixels } = await decode(await drawn(32, 32, noise).png().toBuffer(), 32);
  const expected = Array.from(
    { length: 3072 },
    (_, i) => noise(Math.floor(i / 3) % 32, i / 96 | 0)[i % 3]!,
  );
  assert.deepEqual([...pixels], expected);
});

Deno.test("decode() throws when a file is no picture, damaged, cut short or of extreme size", async () => {
  const jpeg = await drawn(64, 64, (x, y) => [4 * x, 4 * y, 0]).jpeg().toBuffer();
  const png = await plain(64, 64, 1, 2, 3).png().toBuffer();
  const vast = Uint8Array.from(png);
  new DataView(vast.buffer).setUint32(16, 60_000);
  new DataView(vast.buffer).setUint32(20, 60_000);
  const refused: Record<string, Uint8Array> = {
    "an empty one": new Uint8Array(),
    "a text": new TextEncoder().encode("no picture"),
    "half a JPEG": jpeg.subarray(0, jpeg.length / 2),
    "half a PNG": png.subarray(0, png.length / 2),
    "another format": await plain(9, 8, 1, 2, 3).gif().toBuffer(),
    "an SVG": new TextEncoder().encode(
      '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
    ),
    "a vast one": vast,
    "a line": await plain(500, 2, 1, 2, 3).png().toBuffer(),
  };
  for (const [what, file] of Object.entries(refused)) {
    await assert.rejects(decode(file, 32), (error: Error) => error.message.length > 5, what);
  }
});

Deno.test("decode() forbids other threads of the process no format, and refuses it itself", async () => {
  const gif = await plain(9, 8, 1, 2, 3).gif().toBuffer();
  await assert.rejects(decode(gif, 32), /of none of these: JPEG, PNG, WebP, BMP/);
  assert.equal((await sharp(gif).metadata()).format, "gif");
});
