// Gates and limits from the command line: what they say, for which cells, and what is wrong with one.
import assert from "node:assert/strict";
import { UserError } from "../../src/base/errors.ts";
import { baselineOf } from "../../src/regression/baseline.ts";
import { gates, metricNames, parseRule, valueFor } from "../../src/regression/rules.ts";
import { fileOf, runOf } from "../runs/made.ts";

const { cells } = baselineOf(["sbp", "random"].map((algorithm) => fileOf(runOf({ algorithm }))));
const gate = (text: string) =>
  parseRule(
    "--gate",
    text,
    ["bytes", ...metricNames],
    (text) => gates.find((gate) => gate === text),
    gates.join("|"),
    cells,
  );

Deno.test("valueFor() gives the last rule that fits when several fit a cell", () => {
  const rules = ["speed=warn", "speed=fail", "speed:algorithm=random=warn", "memory=warn"].map(
    gate,
  );
  const found = cells.map(({ configuration }) => [
    configuration.algorithm.name,
    valueFor(rules, "speed", configuration),
  ]);
  assert.deepEqual(Object.fromEntries(found), { sbp: "fail", random: "warn" });
});

Deno.test("parseRule() splits at the last equals sign when a value holds one", () => {
  assert.deepEqual(gate("bytes:sparsity=0.5=warn"), {
    metric: "bytes",
    where: { key: "sparsity", value: "0.5" },
    value: "warn",
  });
});

Deno.test("parseRule() throws one sentence with what is allowed when a rule is wrong", () => {
  const cases: [string, RegExp][] = [
    ["speed", /^--gate speed: expected METRIC=fail\|warn, or METRIC:KEY=VALUE=fail\|warn/],
    ["sped=fail", /^--gate sped=fail: "sped" is not known: did you mean "speed"\?$/],
    ["speed=off", /expected fail\|warn, not "off"$/],
    ["speed:algoritm=sbp=fail", /"algoritm" is not known: did you mean "algorithm"\?$/],
    ["speed:algorithm=spb=fail", /"spb" is not known: did you mean "sbp"\?$/],
    ["accuracy:seed=1=fail", /"seed" is not known/],
    ["speed:sparsity=0.5=fail", /"sparsity" is not known: expected "dataset", "network"/],
    ["", /expected METRIC=/],
  ];
  for (const [text, expected] of cases) {
    assert.throws(() => gate(text), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, expected);
      return !error.message.includes("\n");
    });
  }
});
