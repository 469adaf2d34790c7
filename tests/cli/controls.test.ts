// controls as a user runs it, on the embedded data set.
import assert from "node:assert/strict";
import { join } from "node:path";
import "../library.ts";
import { maskbench } from "./maskbench.ts";
import { kinds, withSweep } from "./sweeps.ts";

const figures = async (out: string) => {
  const texts = [...Deno.readDirSync(join(out, "runs"))].map(({ name }) => name).sort()
    .map((name) => Deno.readTextFile(join(out, "runs", name)));
  return (await Promise.all(texts)).map((text) => {
    const { identity, result: { controls, digest } } = JSON.parse(text);
    return { identity, controls, digest };
  });
};

Deno.test("controls gives the figures of bench --controls, and leaves the runs alone, when runs are made once more", async () => {
  await withSweep({ epochs: 1, seeds: [1, 2] }, async (file, folder) => {
    const bare = join(folder, "bare"), held = join(folder, "held");
    assert.equal((await maskbench(["bench", file, "--out", bare])).code, 0);
    const before = await figures(bare);
    const first = await maskbench(["controls", bare]);
    assert.equal(first.code, 0, first.error);
    assert.deepEqual(await figures(bare), before);
    assert.ok(before.every(({ controls }) => controls === undefined));
    const own = await figures(join(bare, "controls"));
    assert.equal(own.length, 4); // dense has no mask
    const again = await maskbench(["controls", bare]);
    assert.match(again.error, /4 of 4 runs are finished already/);
    assert.equal(again.out, first.out);
    assert.ok(first.out.startsWith(await Deno.readTextFile(join(bare, "controls/controls.md"))));
    assert.match(
      first.out,
      /\*\*edge-popup \(scope=layer\)\*\*: .*\n.*\*\*sbp \(scope=global\)\*\*: /,
    );

    assert.equal((await maskbench(["bench", file, "--out", held, "--controls"])).code, 0);
    const masks = (await figures(held)).filter(({ controls }) => controls);
    assert.deepEqual(masks, own);
    const shown = await maskbench(["controls", held]);
    assert.match(shown.out, /\| edge-popup/);
    assert.deepEqual([...Deno.readDirSync(join(held, "controls"))].map(({ name }) => name).sort(), [
      "controls.csv",
      "controls.md",
    ]);
    assert.equal(
      await Deno.readTextFile(join(held, "controls/controls.csv")),
      await Deno.readTextFile(join(bare, "controls/controls.csv")),
    );
    assert.equal(kinds(held).length, 6);
  });
});

Deno.test("controls prints a sentence when a folder has no learnt mask or --only matches nothing", async () => {
  await withSweep({ algorithms: [{ name: "random" }] }, async (file, folder) => {
    const out = join(folder, "out");
    await maskbench(["bench", file, "--out", out]);
    const { code, error } = await maskbench(["controls", out]);
    assert.equal(code, 2);
    assert.match(error, /there is no finished run in .*out that learns a mask/);
  });
});
