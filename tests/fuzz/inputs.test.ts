import assert from "node:assert/strict";
import { inputs } from "./fuzz.ts";

Deno.test("all kinds together are at least 20,000 inputs", () => {
  assert.ok(Object.values(inputs).reduce((sum, count) => sum + count, 0) >= 20_000);
});
