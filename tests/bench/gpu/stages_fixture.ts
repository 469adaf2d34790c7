// A registry of stages that end in every way there is, for the processes of run.test.ts to import.
import { Skip, type Stage, Unfinished } from "../../../bench/gpu/stage.ts";

function stage(name: string, run: Stage["run"]): Stage {
  return {
    name,
    title: `Of ${name}`,
    seconds: { cuda: 20, cpu: 20 },
    run,
    section: (result) => `${name} gave ${JSON.stringify(result)}`,
  };
}

export const stages: readonly Stage[] = [
  {
    ...stage("fine", () => Promise.resolve(crypto.randomUUID())),
    targets: () => [
      { what: "so many: at least 3", measured: "2", met: false },
      { what: "so few: at most 3", measured: "2", met: true },
      { what: "not looked at", measured: null, met: null },
    ],
  },
  stage("throws", (_, keep) => {
    keep("half");
    throw new Error("as it was asked to");
  }),
  {
    ...stage("hangs", async (_, keep) => {
      // Something of its own goes on, too; whoever waits for this stage must not wait for that.
      const { pid } = new Deno.Command("sleep", { args: ["600"] }).spawn();
      keep(pid);
      await new Promise((done) => setTimeout(done, 100));
      for (;;);
    }),
    seconds: { cuda: 4, cpu: 4 },
  },
  stage("crashes", () => {
    Deno.kill(Deno.pid, "SIGKILL");
    return new Promise(() => {});
  }),
  stage("says", () => {
    console.log("a library's own words on standard output");
    return Promise.resolve("said");
  }),
  stage("can't", () => Promise.reject(new Skip("there is no such thing here"))),
  stage("goes-on", ({ results }, keep) => {
    const so = (results["goes-on"] as number | undefined ?? 0) + 1;
    keep(so);
    return so < 2 ? Promise.reject(new Unfinished(`${so} of 2`)) : Promise.resolve(so);
  }),
];
