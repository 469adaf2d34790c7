// JUnit's XML is well-formed whatever the reasons say, and GitHub's annotations stay on a line.
import assert from "node:assert/strict";
import fc from "fast-check";
import { annotationsOf, junitOf } from "../../src/regression/ci.ts";
import type { CellCheck } from "../../src/regression/compare.ts";
import { runOf } from "../report/runs.ts";

const { seed: _, ...configuration } = runOf({}).configuration;
const cell = (verdict: CellCheck["verdict"], reasons: string[]): CellCheck => ({
  configuration,
  verdict,
  reasons,
  seeds: 3,
  missing: [],
  before: 90,
  now: 89,
  difference: -1,
  interval: null,
  p: null,
});
const check = (cells: CellCheck[], obstacles: string[] = []) => ({
  cells,
  obstacles,
  rules: { floor: 0.5, level: 0.01 },
});

Deno.test("each verdict is the kind of test case that CI systems know", () => {
  const cells = (["worse", "broken", "not compared", "inconclusive", "same"] as const)
    .map((verdict) => cell(verdict, ["why"]));
  const xml = junitOf(check(cells, ["no data"]));
  assert.match(xml, /tests="6" failures="2" errors="2" skipped="1"/);
  assert.match(xml, /name="mnist, mlp, kaiming-normal, 50%, sbp"><failure message="worse: why"\/>/);
  assert.deepEqual(annotationsOf(check(cells)).map((line) => line.split(" ")[0]), [
    "::error",
    "::error",
    "::warning",
    "::notice",
  ]);
});

Deno.test("any text in a reason leaves the XML well-formed and an annotation on one line", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (reason) => {
    const xml = junitOf(check([cell("worse", [reason])]));
    const [, inner] = /<failure message="([^"]*)"\/>/.exec(xml)!;
    assert.doesNotMatch(inner!, /[<>]|&(?!#\d+;)/);
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(xml, /[\x00-\x08\x0b\x0c\x0e-\x1f]/);
    const [line, ...others] = annotationsOf(check([cell("worse", [reason])]));
    assert.equal(others.length, 0);
    assert.doesNotMatch(line!, /[\r\n]/);
  }));
});
