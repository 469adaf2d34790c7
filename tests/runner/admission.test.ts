// Admission: a run whose process was killed before is alone among those that have kept nothing.
import assert from "node:assert/strict";
import { Admission } from "../../src/runner/admission.ts";

/** Asks for admission. @returns whether it was given by now, and what ends it */
async function ask(admission: Admission, isSuspect: boolean) {
  const asked = { isIn: false, prove: () => {} };
  void admission.admit(isSuspect).then((prove) => Object.assign(asked, { isIn: true, prove }));
  await settled();
  return asked;
}

const settled = () => new Promise((done) => setTimeout(done, 0));

Deno.test("Admission lets any number of runs begin together when none is under suspicion", async () => {
  const admission = new Admission();
  for (let i = 0; i < 3; i++) assert.ok((await ask(admission, false)).isIn);
});

Deno.test("Admission keeps a suspect and the unproven apart when either comes first", async () => {
  const admission = new Admission();
  const a = await ask(admission, false), b = await ask(admission, false);
  const suspect = await ask(admission, true), second = await ask(admission, true);
  assert.ok(!suspect.isIn && !second.isIn);
  a.prove();
  a.prove(); // its end, after its first checkpoint, counts for nothing more
  await settled();
  assert.ok(!suspect.isIn);
  b.prove();
  await settled();
  assert.ok(suspect.isIn && !second.isIn);
  const late = await ask(admission, false);
  assert.ok(!late.isIn);
  suspect.prove();
  await settled();
  assert.ok(second.isIn !== late.isIn); // one after the other
  for (const one of [second, late]) if (one.isIn) one.prove();
  await settled();
  assert.ok(second.isIn && late.isIn);
});
