// maskbench doctor: what was found on this machine, what is missing, and the command that fixes it.
import { Command } from "@commander-js/extra-typings";
import { examineMachine, type Finding } from "../../diagnostics/doctor.ts";
import { dataFolders } from "../paths.ts";

export const doctorCommand = () =>
  new Command("doctor")
    .description("show what this machine has for maskbench, and how to fix what is missing")
    .option("--json", "print a JSON object instead of text")
    .addHelpText("after", "\nExample:\n  deno task maskbench doctor")
    .action(async ({ json }) => {
      const findings = await examineMachine(dataFolders());
      const ok = findings.every(({ state }) => state !== "missing");
      console.log(json ? JSON.stringify({ ok, findings }, null, 2) : textOf(findings));
      if (!ok) Deno.exitCode = 1;
    });

const marks = { ok: "✓", absent: "–", missing: "✗" };

function textOf(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ what }) => what.length));
  return findings.flatMap(({ what, found, state, fix }) => [
    `${marks[state]} ${what.padEnd(width)}  ${found}`,
    ...(fix
      ? [`${" ".repeat(width + 4)}${state === "missing" ? "fix it" : "get it"}: ${fix}`]
      : []),
  ]).join("\n");
}
