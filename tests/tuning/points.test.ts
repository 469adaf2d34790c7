// The points that a tuning tries: evenly spread however many they are, and the first the same in any number.
import assert from "node:assert/strict";
import { pointsOf } from "../../src/tuning/points.ts";

Deno.test("pointsOf() begins with the same points when the budget or the dimension is larger", () => {
  assert.deepEqual(pointsOf(3, 50).slice(0, 7), pointsOf(3, 7));
  assert.deepEqual(pointsOf(5, 20).map((point) => point.slice(0, 3)), pointsOf(3, 20));
});

Deno.test("pointsOf() leaves no gap wider than three times a grid's when seen along six directions", () => {
  for (const count of [8, 12, 16, 50, 200]) {
    const points = pointsOf(6, count);
    for (let j = 0; j < 6; j++) {
      const sorted = [0, ...points.map((point) => point[j]!).sort((a, b) => a - b), 1];
      assert.ok(sorted.every((place) => place >= 0 && place <= 1));
      const gaps = sorted.slice(1).map((place, i) => place - sorted[i]!);
      assert.ok(Math.max(...gaps) < 3 / count, `direction ${j} of ${count}: ${Math.max(...gaps)}`);
    }
  }
});

Deno.test("pointsOf() gives each quarter of a square its share when seen along two directions", () => {
  const points = pointsOf(6, 400);
  for (const [a, b] of [[0, 1], [0, 2], [1, 2], [2, 3], [0, 5], [4, 5]] as const) {
    const quarter = points.filter((point) => point[a]! < 0.5 && point[b]! < 0.5).length;
    assert.ok(Math.abs(quarter - 100) < 15, `${a} and ${b}: ${quarter}`);
  }
});
