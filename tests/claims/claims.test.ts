// Claims: each holds, fails or is open by the runs that it names, and a page says no more than they do.
import assert from "node:assert/strict";
import { join } from "node:path";
import { UserError } from "../../src/base/errors.ts";
import { holm } from "../../src/base/statistics.ts";
import { readClaimsFile } from "../../src/claims/claims_file.ts";
import { judgeClaims, linesOf } from "../../src/claims/judge.ts";
import { figuresOf, pageFaultsOf } from "../../src/claims/page_figures.ts";
import { pageFaultsIn } from "../../src/claims/pages.ts";
import { writeRunFile } from "../../src/runs/run_file.ts";
import { maskbench, root, withFolder } from "../cli/maskbench.ts";
import { fileOf, type Given, seedsOf } from "../runs/made.ts";

/** By how many points SBP leads edge-popup, by seed, at each sparsity. */
const leads: Readonly<Record<number, readonly number[]>> = {
  0.5: [2, 3, 4], // t = 3√3
  0.7: [8, 9, 10], // t = 9√3
  0.8: [-21, -20, -19],
  0.9: [-0.3, 0, 0.6],
};
/** The two-sided p with two degrees of freedom. */
const pOf = (t: number) => 1 - Math.abs(t) / Math.sqrt(2 + t * t);

const comparison = (sparsity: number, expects: unknown, more: object = {}) => ({
  runs: "runs-of-claims",
  sparsity,
  minuend: "sbp",
  subtrahend: "edge-popup",
  expects,
  ...more,
});
const claim = (name: string, compares: readonly unknown[], more: object = {}) => ({
  name,
  registered: "2026-11-30",
  says: `SBP leads (${name}).`,
  plan: "by hand",
  compares,
  ...more,
});

/** A folder with those runs and a file of claims. */
const withClaims = (
  claims: readonly unknown[],
  body: (path: string, folder: string) => Promise<void>,
  { given = {}, rest = {} }: { readonly given?: Given; readonly rest?: object } = {},
) =>
  withFolder(async (folder) => {
    for (const [sparsity, points] of Object.entries(leads)) {
      const runs = [
        ...seedsOf({ algorithm: "edge-popup", sparsity: Number(sparsity) }, [0.5, 0.5, 0.5]),
        ...seedsOf(
          { sparsity: Number(sparsity), ...given },
          points.map((lead) => 0.5 + lead / 100),
        ),
      ];
      for (const run of runs) await writeRunFile(join(folder, "runs-of-claims"), fileOf(run));
    }
    const path = join(folder, "claims.json");
    await Deno.writeTextFile(path, JSON.stringify({ claims, ...rest }));
    await body(path, folder);
  });

const judged = async (path: string) => judgeClaims(await readClaimsFile(path, "claims.json"), path);

Deno.test("judgeClaims() lets a claim hold, fail or stay open when Holm's correction is over all comparisons", async () => {
  const claims = [
    claim("significant alone", [comparison(0.5, "better")]),
    claim("beyond doubt", [comparison(0.7, "better")]),
    claim("the contrary", [comparison(0.8, "better")]),
    claim("all of it", [comparison(0.7, "better"), comparison(0.5, "better")]),
    claim("the other way", [comparison(0.8, "worse")]),
    claim("told apart", [comparison(0.7, "undecided")]),
    claim("not told apart", [comparison(0.9, "undecided")]),
  ];
  await withClaims(claims, async (path) => {
    const found = await judged(path);
    assert.deepEqual(Object.fromEntries(found.map((one) => [one.claim.name, one.standing])), {
      "significant alone": "open",
      "beyond doubt": "holds",
      "the contrary": "fails",
      "all of it": "open",
      "the other way": "holds",
      "told apart": "fails",
      "not told apart": "holds",
    });
    // Six are tested: p of 3√3, 9√3, one that is as good as 1, 9√3, 3√3, and 20√3.
    const expected = holm([
      ...[3, 9].map((mean) => pOf(mean * Math.sqrt(3))),
      1,
      ...[9, 3, 20].map((mean) => pOf(mean * Math.sqrt(3))),
    ]);
    const all = found.flatMap(({ comparisons }) => comparisons);
    for (const [i, at] of [0, 1, 3, 4, 5].entries()) {
      const wanted = expected[[0, 1, 3, 4, 5][i]!]!;
      assert.ok(Math.abs(all[at]!.correctedP! - wanted) < 1e-6, `${at}: ${all[at]!.correctedP}`);
    }
    assert.ok(pOf(3 * Math.sqrt(3)) < 0.05);
  });
});

Deno.test("judgeClaims() says how many seeds more would settle a claim when it is open", async () => {
  await withClaims([claim("one", [comparison(0.5, "better")])], async (path) => {
    assert.equal((await judged(path))[0]!.standing, "holds"); // one claim alone: p = 0.0351
  });
  const two = [
    claim("one", [comparison(0.5, "better")]),
    claim("two", [comparison(0.5, "better")]),
  ];
  await withClaims(two, async (path) => {
    const [one] = await judged(path);
    assert.equal(one!.standing, "open");
    // Mean 3, deviation 1: with 4 seeds t = 6 of 3 degrees of freedom, p = 0.0093 < 0.05 / 2.
    assert.equal(one!.comparisons[0]!.seedsMore, 1);
    assert.match(linesOf(one!).join("\n"), /about 1 more seed would settle it/);
  });
});

Deno.test("judgeClaims() takes two means for as good when both one-sided tests say so", async () => {
  // Mean 0.1, deviation √0.21: standard error √0.07, t(2, 95%) = 2.92, so within 0.873 and no less.
  const holds = [claim("one", [comparison(0.9, { within: 0.9 })])];
  const open = [claim("one", [comparison(0.9, { within: 0.85 })])];
  const fails = [claim("one", [comparison(0.7, { within: 1 })])];
  for (const [claims, standing] of [[holds, "holds"], [open, "open"], [fails, "fails"]] as const) {
    await withClaims(claims, async (path) => {
      assert.equal((await judged(path))[0]!.standing, standing);
    });
  }
});

Deno.test("judgeClaims() refuses a comparison of unequal density unless it says so, and what is not there", async () => {
  const refused = (compares: unknown, message: RegExp, given: Given = {}) =>
    withClaims([claim("one", [compares])], async (path) => {
      await assert.rejects(judged(path), (error: Error) => {
        assert.ok(error instanceof UserError, error.stack);
        assert.match(error.message, message);
        return true;
      });
    }, { given });
  const sparser = { kept: 4800 };
  await refused(
    comparison(0.5, "better"),
    /^one: compares\[0\]: the two keep 48\.0% and 50\.0%/,
    sparser,
  );
  await withClaims(
    [claim("later", [{ ...comparison(0.5, "better"), runs: "none-yet" }])],
    async (path) => {
      const [later] = await judged(path);
      assert.equal(later!.standing, "open");
      assert.match(linesOf(later!).join("\n"), /none-yet has no finished runs yet/);
    },
  );
  await refused(
    comparison(0.6, "better"),
    /^one: compares\[0\]: 0 rows of runs-of-claims are meant/,
  );
  await refused(comparison(0.5, "better", { minuend: "zhou" }), /no column of the table is "zhou"/);
  const said = [claim("one", [comparison(0.5, "better", { unequalDensity: true })])];
  await withClaims(said, async (path) => {
    assert.equal((await judged(path))[0]!.standing, "holds");
  }, { given: sparser });
});

Deno.test("readClaimsFile() says what is wrong and what is allowed when a file of claims has a mistake", async () => {
  const faults: [object, RegExp][] = [
    [
      claim("one", [comparison(0.5, "higher")]),
      /claims\[0\]\.compares\[0\]\.expects: .*"undecided"/,
    ],
    [claim("one", []), /claims\[0\]\.compares/],
    [
      { ...claim("one", [comparison(0.5, "better")]), registered: "today" },
      /registered: expected a date/,
    ],
    [{ ...claim("one", [comparison(0.5, "better")]), say: "x" }, /say.*is not known/],
  ];
  for (const [fault, message] of faults) {
    await withClaims([fault], async (path) => {
      await assert.rejects(readClaimsFile(path, "claims.json"), (error: Error) => {
        assert.ok(error instanceof UserError, error.stack);
        assert.match(error.message, message);
        return true;
      });
    });
  }
});

Deno.test("figuresOf() finds accuracies, differences and points, and no names, code or links", () => {
  const found = (line: string) => figuresOf(line);
  assert.deepEqual(found("It gives +0.33 [+0.26, +0.39] and 97.59 ± 0.10 (5)."), [
    ...["+0.33", "+0.26", "+0.39", "97.59", "0.10"],
  ]);
  assert.deepEqual(found("ahead by 3 to 8 points, 1,234.5 ms, −2.5"), ["8", "1,234.5", "−2.5"]);
  assert.deepEqual(found("PyTorch 2.13, libtorch 1.13, 0.1.0, Deno 2.9.6, arXiv 2101.06475"), []);
  assert.deepEqual(found('`"ramp": 0.7`, [a table](results/v1.5/table.md), conv4 × 8'), []);
});

Deno.test("pageFaultsOf() names a figure by its line when nothing that its section cites has it", () => {
  const sources = {
    named: new Map([["lead", "+0.33 [+0.26, +0.39] 97.59 ± 0.10 (5)"]]),
    readFile: (path: string) => path === "table.md" ? "| 84.5 |" : undefined,
  };
  const page = [
    "# One",
    "<!-- figures: lead, table.md -->",
    "It leads by 0.33 [+0.26, +0.39], from 84.5.", // 3
    "It leads by 0.34.", // 4
    "By −0.33.", // 5: the sign is another
    "## Two",
    "It leads by 0.33.", // 7: another section
    "```",
    "0.99",
    "```",
    "<!-- figures: gone -->", // 11
    "From 4.5.", // 12: a part of 84.5
  ].join("\n");
  assert.deepEqual(pageFaultsOf(page, sources).map(({ line }) => line), [4, 5, 7, 11, 12]);
});

Deno.test("claims exits 1, and says why, when a page's claim does not hold or its sentence is not there", async () => {
  const faulty: [object, string, RegExp | undefined][] = [
    [claim("one", [comparison(0.7, "better")]), "SBP *leads*\n(one). By +9.00.", undefined],
    [claim("one", [comparison(0.8, "better")]), "SBP leads (one).", /one fails/],
    [claim("one", [comparison(0.9, "better")]), "SBP leads (one).", /one is open/],
    [claim("one", [comparison(0.7, "better")]), "It leads.", /does not say what one claims/],
    [
      claim("one", [comparison(0.7, "better")]),
      "SBP leads (one). By +9.01.",
      /page\.md:2: \+9\.01/,
    ],
  ];
  for (const [given, text, fault] of faulty) {
    await withClaims([{ ...given, page: "page.md" }], async (path, folder) => {
      await Deno.writeTextFile(join(folder, "page.md"), `<!-- figures: one -->\n${text}\n`);
      const file = await readClaimsFile(path, "claims.json");
      const faults = await pageFaultsIn(file, await judgeClaims(file, path), folder);
      if (fault) assert.match(faults.join("\n"), fault);
      else assert.deepEqual(faults, []);
      const { code, out } = await maskbench(["claims", path]);
      assert.equal(code, fault ? 1 : 0, out);
      assert.match(out, /1 claims: \d hold/);
    }, { rest: { pages: ["page.md"] } });
  }
});

Deno.test("claims prints judgements for programs when --json is given, and one sentence for a missing file", async () => {
  await withClaims([claim("one", [comparison(0.7, "better")])], async (path, folder) => {
    const { code, out } = await maskbench(["claims", path, "--json"]);
    assert.equal(code, 0);
    const [one] = JSON.parse(out).claims;
    assert.equal(one.standing, "holds");
    assert.ok(Math.abs(one.comparisons[0].mean - 9) < 1e-9);
    const missing = await maskbench(["claims", join(folder, "none.json")]);
    assert.equal(missing.code, 2);
    assert.match(missing.error, /none\.json does not exist/);
  });
});

Deno.test("results/claims.json has claims that hold, and pages without a figure that is bound to nothing", async () => {
  const path = join(root, "results/claims.json");
  const file = await readClaimsFile(path, "results/claims.json");
  assert.deepEqual(
    await pageFaultsIn(file, await judgeClaims(file, path), join(root, "results")),
    [],
  );
  // README.md and every page of docs/ are held to it.
  const pages = [...Deno.readDirSync(join(root, "docs"))].map(({ name }) => name)
    .filter((name) => name.endsWith(".md")).map((name) => `../docs/${name}`);
  assert.deepEqual(file.pages.toSorted(), ["../README.md", ...pages].sort());
});
