// The plots' inks: legible on white paper and on a dark page, told apart by the colour-blind and on a grey printer.
import assert from "node:assert/strict";
import { marks, paper } from "../../src/report/plots/style.ts";
import { reportOf } from "../../src/report/report.ts";
import { fileOf, seedsOf, withEpochs } from "../runs/made.ts";
import { contrast, linear } from "./contrast.ts";

const themes = ["light", "dark"] as const;

Deno.test("paper and marks have a contrast of 4.5:1 and 3:1 when the page is light or dark", () => {
  for (const theme of themes) {
    const ground = paper.ground[theme];
    for (const ink of [paper.words, paper.quiet]) assert.ok(contrast(ink[theme], ground) >= 4.5);
    for (const mark of marks) {
      assert.ok(contrast(mark[theme], ground) >= 3, `${mark[theme]} on ${ground}`);
    }
    assert.ok(contrast(marks[3]![theme], ground) >= 4.5); // links
  }
});

Deno.test("reportOf() keeps the contrast when lines and points are thinned", async () => {
  // More settings than there are inks: each is drawn.
  const runs = [1, 2, 3, 4, 5, 6, 7].flatMap((learningRate) =>
    seedsOf({ parameters: { learningRate } }, [0.9, 0.91]).map((run) => fileOf(withEpochs(run)))
  );
  const files = Object.entries(await reportOf({ runs, invalidFiles: [] }))
    .filter(([name]) => name.endsWith(".svg"));
  const drawn = new Set<string>();
  for (const [name, svg] of files) {
    for (const [element] of svg.matchAll(/<(path|line)[^>]*>/g)) {
      const of = (attribute: string) => element.match(` ${attribute}="([^"]*)"`)?.[1];
      const mark = marks.find(({ light }) => light === of("stroke"));
      if (!mark) continue;
      drawn.add(mark.light);
      const opacity = Number(of("opacity") ?? 1) * Number(of("stroke-opacity") ?? 1);
      for (const theme of themes) {
        const ratio = contrast(
          blend(mark[theme], paper.ground[theme], opacity),
          paper.ground[theme],
        );
        assert.ok(ratio >= 3, `${name}: ${mark[theme]} at ${opacity} is ${ratio}:1`);
      }
    }
  }
  assert.equal(drawn.size, marks.length);
});

/** What is seen of a colour of that opacity over another. */
function blend(above: string, below: string, opacity: number): string {
  const parts = [1, 3, 5].map((at) => {
    const [a, b] = [above, below].map((color) => parseInt(color.slice(at, at + 2), 16));
    return opacity * a! + (1 - opacity) * b!;
  });
  return `rgb(${parts.join(", ")})`;
}

// Machado, Oliveira, Fernandes (2009): what is seen at full severity, in linear RGB.
const sights = {
  all: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

function labOf(color: string, sight: readonly (readonly number[])[]): number[] {
  const rgb = [1, 3, 5].map((at) => linear(parseInt(color.slice(at, at + 2), 16) / 255));
  const [r, g, b] = sight.map((row) =>
    Math.min(1, Math.max(0, row.reduce((sum, weight, i) => sum + weight * rgb[i]!, 0)))
  ) as [number, number, number];
  const f = (t: number) => t > 216 / 24389 ? Math.cbrt(t) : (24389 / 27 * t + 16) / 116;
  const x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505);
  const y = f(0.2126 * r + 0.7152 * g + 0.0722 * b);
  const z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

Deno.test("marks differ in ink when seen with any of four kinds of sight", () => {
  for (const theme of themes) {
    for (const [name, sight] of Object.entries(sights)) {
      marks.forEach((a, i) =>
        marks.slice(i + 1).forEach((b) => {
          const [p, q] = [labOf(a[theme], sight), labOf(b[theme], sight)];
          const apart = Math.hypot(...p.map((value, k) => value - q[k]!)); // just seen: about 2.3
          assert.ok(apart > 10, `${a[theme]} and ${b[theme]}, ${name}: ${apart}`);
        })
      );
    }
  }
});

Deno.test("marks differ in lightness, shape, glyph and dash when algorithms are compared", () => {
  for (const theme of themes) {
    const light = marks.slice(0, 4).map((mark) => labOf(mark[theme], sights.all)[0]!)
      .sort((a, b) => a - b);
    light.slice(1).forEach((value, i) => assert.ok(value - light[i]! > 7, String(light)));
  }
  for (const part of ["shape", "glyph"] as const) {
    assert.equal(new Set(marks.map((mark) => mark[part])).size, marks.length);
  }
  // dense has a band besides, and SBP marks.
  assert.equal(new Set(marks.map(({ dash }) => String(dash))).size, marks.length - 1);
});
