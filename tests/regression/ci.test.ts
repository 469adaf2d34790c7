// JUnit's XML is well-formed whatever the reasons say, and GitHub's annotations stay on a line.
import assert from "node:assert/strict";
import fc from "fast-check";
import { annotationsOf, junitOf } from "../../src/regression/ci.ts";
import { checkCsvOf } from "../../src/regression/report.ts";
import { defaultRules } from "../../src/regression/rules.ts";
import type { CellCheck } from "../../src/regression/types.ts";
import { runOf } from "../runs/made.ts";

const { seed: _, ...configuration } = runOf({}).configuration;
const cell = (
  verdict: CellCheck["verdict"],
  reasons: string[],
  other: Partial<CellCheck> = {},
): CellCheck => ({
  configuration,
  metric: "accuracy",
  gate: "fail",
  verdict,
  reasons,
  runs: 3,
  rounds: null,
  sparsities: [0.5],
  missing: [],
  before: 90,
  now: 89,
  difference: -1,
  interval: null,
  p: null,
  ...other,
});
const check = (cells: CellCheck[], obstacles: string[] = []) => ({
  cells,
  obstacles,
  rules: defaultRules,
});

Deno.test("junitOf() gives each verdict the matching kind of test case when a check is written", () => {
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

Deno.test("junitOf() names the settings that differ when cells are of one algorithm", () => {
  const { algorithm } = configuration;
  const scoped = (scope: string, other = {}) => ({
    configuration: {
      ...configuration,
      ...other,
      algorithm: { ...algorithm, parameters: { ...algorithm.parameters, scope } },
    },
  });
  const cells = [
    cell("broken", ["why"], scoped("layer")),
    cell("same", [], scoped("global")),
    cell("same", [], scoped("global", { epochs: 77 })),
    cell("same", [], { ...scoped("layer"), metric: "speed" }),
  ];
  const names = [...junitOf(check(cells)).matchAll(/ name="(mnist[^"]*)"/g)].map(([, name]) =>
    name
  );
  assert.equal(new Set(names).size, 4, names.join("; "));
  assert.match(names[0]!, /sbp \(scope=layer\), epochs \d+$/);
  assert.match(names[2]!, /, sbp(?: \(scope=global\))?, epochs 77$/);
  assert.doesNotMatch(names[3]!, /scope/); // speed is of all settings together
  const csv = checkCsvOf(check(cells));
  assert.match(csv, /scope=layer/);
});

Deno.test("annotationsOf() gives a warning, and junitOf() a skipped case, when a finding only warns", () => {
  const speed = { metric: "speed", gate: "warn" } as const;
  const cells = (["worse", "not compared", "inconclusive", "better"] as const)
    .map((verdict) => cell(verdict, ["why"], speed));
  assert.match(junitOf(check(cells)), /tests="4" failures="0" errors="0" skipped="1"/);
  assert.match(junitOf(check(cells)), /classname="maskbench\.check\.speed" name="mnist, mlp/);
  assert.deepEqual(annotationsOf(check(cells)), [
    "::warning title=maskbench check::mnist, mlp, kaiming-normal, 50%25, sbp: speed worse: why",
  ]);
});

Deno.test("annotationsOf() gives ten lines of a kind, and the last says how many more there are, when there are too many", () => {
  const many = (verdict: CellCheck["verdict"], count: number) =>
    Array.from({ length: count }, (_, i) => cell(verdict, [`reason ${i}`]));
  const linesOf = (cells: CellCheck[], kind: string, obstacles: string[] = []) =>
    annotationsOf(check(cells, obstacles)).filter((line) => line.startsWith(`::${kind} `));
  const cells = [...many("worse", 30), ...many("inconclusive", 10)];
  const errors = linesOf(cells, "error");
  assert.equal(errors.length, 10);
  errors.slice(0, 9).forEach((line, i) => assert.match(line, new RegExp(`: reason ${i}$`)));
  assert.equal(errors[9], "::error title=maskbench check::and 21 more: see the job's summary");
  const notices = linesOf(cells, "notice");
  assert.equal(notices.length, 10);
  assert.match(notices[9]!, /: reason 9$/);
  // Cells that can't be compared and obstacles are of one kind.
  const warnings = linesOf(many("not compared", 8), "warning", ["one", "two", "three"]);
  assert.equal(warnings.length, 10);
  assert.match(warnings[8]!, /::one$/);
  assert.match(warnings[9]!, /::and 2 more: /);
});

Deno.test("junitOf() stays well-formed, and an annotation on one line, when a reason holds any text", () => {
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
