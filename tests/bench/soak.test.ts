// What counts as growth in a long run, on logs made by hand.
import assert from "node:assert/strict";
import { grown, type Held } from "../../bench/soak/growth.ts";

const log = (at: (i: number) => Partial<Held>): Held[] =>
  Array.from({ length: 40 }, (_, i) => ({
    seconds: 60 * i,
    memory: 3e8,
    heap: 2e7,
    files: 20,
    handles: 0,
    bytes: 0,
    ...at(i),
  }));

Deno.test("grown() finds nothing when a process only warms up, or goes up and down", () => {
  assert.deepEqual(grown(log(() => ({}))), []);
  assert.deepEqual(grown(log((i) => ({ memory: i < 10 ? 1e8 + 2e7 * i : 3e8 }))), []);
  assert.deepEqual(grown(log((i) => ({ memory: 3e8 + (i % 5) * 1e7, files: 20 + i % 2 }))), []);
});

Deno.test("grown() names what grew when it is memory, files or handles", () => {
  assert.match(
    grown(log((i) => ({ memory: 3e8 + 1e6 * i }))).join(),
    /^memory grew from \d+ to \d+$/,
  );
  assert.match(grown(log((i) => ({ files: 20 + Math.floor(i / 8) }))).join(), /^files grew from/);
  assert.match(
    grown(log((i) => ({ handles: i, bytes: 40 * i }))).join("; "),
    /^handles .*; bytes /,
  );
});

Deno.test("grown() decides nothing when there are too few sweeps", () => {
  assert.match(grown(log(() => ({})).slice(0, 3)).join(), /too short to tell/);
});
