// A process that claims a run, says whether it got it, and lives on.
import { Claim } from "../../src/runs/claims.ts";

const [folder, identity] = Deno.args;
console.log(await Claim.on(folder!, identity!) ? "claimed" : "held");
setInterval(() => {}, 1000);
