import assert from "node:assert/strict";
import { inputs } from "./fuzz.ts";

Deno.test("the fuzz tests try at least 20,000 inputs when all kinds are counted", () => {
  assert.ok(Object.values(inputs).reduce((sum, count) => sum + count, 0) >= 20_000);
});
