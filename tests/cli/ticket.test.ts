// Tickets as a user has them made, verifies, exports and compares them.
import assert from "node:assert/strict";
import { join } from "node:path";
import { algorithms } from "../../src/algorithms/registry.ts";
import { decodeTensors } from "../../src/base/safetensors.ts";
import "../library.ts";
import { maskbench } from "./maskbench.ts";
import { withSweep } from "./sweeps.ts";

/** Each with what only some steps do. */
const often: Readonly<Record<string, Record<string, number>>> = { iterand: { every: 20 } };

Deno.test("ticket verify gives the run's accuracy to the last bit when the ticket is any algorithm's", () =>
  withSweep({
    algorithms: algorithms.map(({ name }) => ({ name, ...often[name] })),
    epochs: 1,
  }, async (file, folder) => {
    const out = join(folder, "out");
    const bench = await maskbench(["bench", file, "--out", out, "--save-mask"]);
    assert.equal(bench.code, 0, bench.error);
    const tickets = [...Deno.readDirSync(join(out, "tickets"))].map(({ name }) => name).sort();
    assert.equal(tickets.length, algorithms.length);
    const paths = tickets.map((name) => join(out, "tickets", name));
    for (const path of paths) {
      const { code, out: said, error } = await maskbench(["ticket", "verify", path]);
      assert.equal(code, 0, said + error);
      assert.match(said, /% on the test set of shapes, as recorded/);
    }

    const listed = await maskbench(["ticket", "list", out]);
    assert.equal(listed.code, 0, listed.error);
    const lines = listed.out.trim().split("\n");
    assert.equal(lines.length, 3 * tickets.length + 1);
    assert.ok(
      lines.every((line) => line.length <= 80 || line.endsWith(".safetensors")),
      listed.out,
    );
    const objects = JSON.parse((await maskbench(["ticket", "list", out, "--json"])).out);
    const accuracies = await Promise.all(objects.map(async ({ path }: { path: string }) => {
      const run = path.replace("/tickets/", "/runs/").replace(/safetensors$/, "json");
      return JSON.parse(await Deno.readTextFile(run)).result.lastTestAccuracy;
    }));
    assert.deepEqual(objects.map(({ accuracy }: { accuracy: number }) => accuracy), accuracies);
    assert.deepEqual(accuracies, accuracies.toSorted((a, b) => b - a));

    const same = await maskbench(["ticket", "compare", paths[0]!, paths[0]!]);
    assert.match(same.out, /\| all +\|/);
    assert.equal(same.code, 0);
    const weights = join(folder, "weights.safetensors");
    const written = await maskbench(["ticket", "export", paths[0]!, "--out", weights]);
    assert.equal(written.code, 0, written.error);
    assert.ok(decodeTensors(await Deno.readFile(weights)).tensors["0.weight"]);

    await Deno.remove(paths[0]!);
    const again = await maskbench(["bench", file, "--out", out, "--save-mask"]);
    assert.match(again.error, /1 run is finished without a ticket/);
    await Deno.writeFile(paths[1]!, (await Deno.readFile(paths[1]!)).subarray(0, 500));
    for (const path of [paths[0]!, paths[1]!]) {
      const { code, error } = await maskbench(["ticket", "verify", path]);
      assert.equal(code, 2);
      assert.match(error, /^maskbench: .* (is not there|is no safetensors file).*\n$/);
    }
    const broken = await maskbench(["ticket", "list", out]);
    assert.match(broken.error, /^maskbench: .* is no safetensors file.*\n$/);
    assert.equal(broken.code, 2);
    assert.match(broken.out, new RegExp(`\\n${tickets.length - 2} tickets in `));
    const none = await maskbench(["ticket", "list", folder]);
    assert.match(none.error, /has no tickets: `bench --save-mask` keeps them\n$/);
    assert.equal(none.code, 2);
  }));
