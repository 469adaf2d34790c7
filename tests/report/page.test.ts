// The page in a real browser: nothing fetched, no errors, sorting, hover, keyboard, phone, light and dark.
import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { makeReport } from "../../src/report/mod.ts";
import { writeRunFile } from "../../src/runs/run_file.ts";
import { withFolder } from "../cli/maskbench.ts";
import { fileOf, type Given, seedsOf, withEpochs } from "../runs/made.ts";
import { faultsOf, screenshot, withBrowser, withoutBrowser } from "./browser.ts";
import { contrast, luminance } from "./contrast.ts";

/** Three masks at two sparsities; at 50% SBP leads edge-popup by 1, 2, 3 points, at 90% by 5.9, 6, 6.1. */
const sweep = [0.5, 0.9].flatMap((sparsity, i) => {
  const of = (algorithm: string, accuracies: readonly number[], rest: Given = {}) =>
    seedsOf({ algorithm, sparsity, ...rest }, accuracies);
  return [
    ...of("random", [0.1, 0.11, 0.12], { rate: 0 }),
    ...of("edge-popup", [0.9, 0.91, 0.92].map((accuracy) => accuracy - 0.1 * i)),
    ...of("sbp", i ? [0.859, 0.87, 0.881] : [0.91, 0.93, 0.95]),
  ];
}).concat(seedsOf({ algorithm: "dense", sparsity: 0 }, [0.97, 0.98, 0.99]));

const options = { ignore: withoutBrowser !== undefined };
const named = (name: string) => withoutBrowser ? `${name} (${withoutBrowser})` : name;

async function withPage(body: (page: Page, folder: string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    for (const run of sweep) await writeRunFile(folder, fileOf(withEpochs(run)));
    const path = await makeReport(folder);
    await withBrowser(async (browser) => {
      const page = await browser.newPage({ viewport: { width: 1200, height: 800 } });
      const faults = faultsOf(page);
      await page.goto(pathToFileURL(path).href);
      await body(page, folder);
      assert.deepEqual(faults, []);
    });
  });
}

const column = (page: Page, name: string) =>
  page.evaluate(`(() => {
    const heads = [...document.querySelectorAll("th")];
    const at = heads.findIndex((head) => head.textContent.startsWith(${JSON.stringify(name)}));
    return [...document.querySelectorAll("tbody tr")].map((row) => row.cells[at].innerText.trim().replace(/\\s+/g, " "));
  })()`) as Promise<string[]>;

Deno.test(
  named("script.js sorts the table, and says so, when a heading is clicked or reached by keyboard"),
  options,
  async () => {
    await withPage(async (page) => {
      assert.deepEqual(await column(page, "sparsity"), ["50%", "90%"]);
      await page.getByRole("button", { name: /^sparsity/ }).click();
      await page.getByRole("button", { name: /^sparsity/ }).click();
      assert.deepEqual(await column(page, "sparsity"), ["90%", "50%"]);
      const states = () =>
        page.evaluate("[...document.querySelectorAll('th')].map((th) => th.ariaSort)");
      assert.deepEqual(await states(), ["descending", null, null, null, null, null, null]);
      // Ascending by SBP puts 87.00 before 93.00, though "8" comes after "9" in no alphabet.
      await page.getByRole("button", { name: /^sbp(?! −)/ }).focus();
      await page.keyboard.press("Enter");
      assert.deepEqual(await column(page, "sparsity"), ["90%", "50%"]);
      await page.keyboard.press("Enter");
      assert.deepEqual(await column(page, "sparsity"), ["50%", "90%"]);
      assert.deepEqual((await states() as unknown[]).indexOf("descending"), 4);
    });
  },
);

Deno.test(
  named(
    "style.css marks the best cell, and what is not ruled out as it, when a page is shown",
  ),
  options,
  async () => {
    await withPage(async (page) => {
      // 2 ± 4.302653/√3: the interval holds zero; 6 ± 0.1 · 4.302653/√3 doesn't, by far.
      assert.deepEqual(await column(page, "sbp"), [
        "93.00 ± 2.00 (3) (the best)",
        "87.00 ± 1.10 (3) (the best)",
      ]);
      assert.deepEqual(await column(page, "edge-popup"), [
        "≈ 91.00 ± 1.00 (3) (not ruled out as the best)",
        "81.00 ± 1.00 (3)",
      ]);
      const found = await page.locator(".found").innerText();
      assert.equal(
        found,
        "sbp is more accurate than edge-popup by 6.00 points at sparsity 90%; no difference of sbp and edge-popup is " +
          "shown at sparsity 50%, at the 5% level after Holm's correction over 2 differences.",
      );
    });
  },
);

Deno.test(
  named("script.js names a run when its line is pointed at, and the next at an arrow key"),
  options,
  async () => {
    await withPage(async (page, folder) => {
      const tip = page.locator("#tip"), panel = page.locator("#curves svg").first();
      assert.equal(await tip.isVisible(), false);
      await panel.locator('a path[aria-label^="sbp, sparsity 50%, seed 2"]').first()
        .hover({ force: true });
      assert.match(
        await tip.innerText(),
        /^(sbp|edge-popup|dense), .*seed \d: after epoch 3 training loss/,
      );
      assert.equal(await panel.locator("a.chosen").count(), 2); // its loss and its accuracy
      await page.mouse.move(0, 0);
      assert.equal(await tip.isVisible(), false);

      await panel.locator("a").first().focus();
      assert.match(await tip.innerText(), /^dense, seed 1: /);
      await page.keyboard.press("ArrowDown");
      assert.match(await tip.innerText(), /^dense, seed 2: /);
      await page.keyboard.press("ArrowUp");
      await page.keyboard.press("ArrowUp");
      assert.match(
        await tip.innerText(),
        /^sbp, sparsity 50%, seed 3: after epoch 3 .*accuracy 95\.00%/,
      );
      await page.keyboard.press("Escape");
      assert.equal(await tip.isVisible(), false);
      // One stop of the tab key a panel, and each line links to a run file that is there.
      assert.equal(await panel.locator('a[tabindex="0"]').count(), 1);
      const links = await page.evaluate(
        "[...document.querySelectorAll('a')].map((a) => a.getAttribute('href') ?? a.getAttribute('xlink:href'))",
      ) as string[];
      for (const link of new Set(links)) await Deno.stat(join(folder, "report", link));
    });
  },
);

const widths = { wide: 1200, phone: 390, narrow: 320 };

Deno.test(
  named(
    "style.css keeps the page legible, and no wider than the screen, when it is light, dark or on a phone",
  ),
  options,
  async () => {
    await withPage(async (page) => {
      for (const [name, width] of Object.entries(widths)) {
        for (const colorScheme of ["light", "dark"] as const) {
          await page.setViewportSize({ width, height: 800 });
          await page.emulateMedia({ colorScheme });
          const [wide, words] = await page.evaluate(`(${measure})()`) as [number, Word[]];
          assert.ok(wide <= width, `${wide} pixels`);
          assert.ok(words.length > 200);
          for (const { text, color, ground } of words) {
            const ratio = contrast(color, ground);
            assert.ok(ratio >= 4.5, `${text}: ${color} on ${ground} is ${ratio}:1`);
          }
          assert.equal(luminance(words[0]!.ground) < 0.1, colorScheme === "dark");
          await screenshot(page, `${name}-${colorScheme}`);
        }
      }
    });
  },
);

Deno.test(
  named(
    "style.css puts the table and the first plot on the first sheet, unfolded, when a page is printed",
  ),
  options,
  async () => {
    await withPage(async (page) => {
      // Letter and A4 at 96 pixels an inch, with margins of 1 cm: the narrower width, the lower height.
      await page.setViewportSize({ width: 718, height: 980 });
      await page.emulateMedia({ media: "print" });
      const [bottom, folded, sticky, left] = await page.evaluate(`[
        document.querySelector("#accuracy figcaption").parentNode.getBoundingClientRect().bottom,
        [...document.querySelectorAll("details > :not(summary)")].filter((one) => !one.checkVisibility()).length,
        [...document.querySelectorAll("td, th")].filter((one) => getComputedStyle(one).position === "sticky").length,
        Math.min(...[...document.querySelectorAll("svg")].map((one) => one.getBoundingClientRect().left)),
      ]`) as [number, number, number, number];
      assert.ok(bottom < 980, `${bottom} pixels`);
      assert.equal(folded, 0);
      assert.equal(sticky, 0); // on paper it would cover the table's lines
      assert.ok(left >= 0, `${left} pixels`); // what is left of that isn't printed
    });
  },
);

interface Word {
  readonly text: string;
  readonly color: string;
  readonly ground: string;
}

// Runs in the page: its width, and the colours of every bit of text, in plots too.
const measure = `() => {
  const ground = getComputedStyle(document.body).backgroundColor;
  const words = [...document.querySelectorAll("body *:not(script):not(#tip)")]
    .filter((one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
    .map((one) => {
      const style = getComputedStyle(one), inPlot = one instanceof SVGElement;
      return { text: one.textContent.slice(0, 40), color: inPlot ? style.fill : style.color, ground };
    });
  return [document.documentElement.scrollWidth, words];
}`;
