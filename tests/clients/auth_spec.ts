// auth_spec.ts TAP CALLS   what of the specification of /auth/v1 the suites really saw, after they ran. Of the calls
// recorded in CALLS (support/record.ts): how many endpoints of each mark were seen answering as specified, in each way
// that is written, and the missing by name. Of the tests in TAP: the error codes without a passing test, each with its
// reason. Fails for a missing [M] or [S] endpoint, a code without test or reason, and a reason that is out of date.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { codes, untested } from "./support/auth_codes.ts";
import { endpoints } from "./support/auth_endpoints.ts";
import type { Call } from "./support/record.ts";

const [, , tap, calls] = process.argv;
let faults = 0;
const fail = (line: string) => {
  ++faults;
  console.log(`  ${line}`);
};

const heard = readdirSync(calls).flatMap((file) =>
  readFileSync(join(calls, file), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Call),
);
const missing = endpoints.map((one) => {
  const here = heard.filter((call) => call.method === one.method && one.path.test(call.path));
  const unseen = Object.entries(one.answers).filter(([, is]) => !here.some((call) => is(call)));
  return { ...one, calls: here.length, unseen: unseen.map(([name]) => name) };
});
const share = (["M", "S", "C"] as const).map((mark) => {
  const of = missing.filter((one) => one.mark === mark);
  return `${mark} ${of.filter((one) => one.unseen.length === 0).length}/${of.length}`;
});
console.log(`auth endpoints answering as specified: ${share.join(", ")}`);
for (const one of missing.filter(({ unseen }) => unseen.length > 0)) {
  const line = `[${one.mark}] ${one.method} ${one.name}: not seen: ${one.unseen.join(", ")} (${one.calls} calls)`;
  if (one.mark === "C") console.log(`  ${line}`);
  else fail(line);
}

const passed = new Set<string>();
const broken = new Set<string>();
for (const [, not, code] of readFileSync(tap, "utf8").matchAll(/^\s*(not )?ok \d+ - code ([a-z_]+): /gm)) (not ? broken : passed).add(code);
const without = codes.filter((code) => !passed.has(code) || broken.has(code));
console.log(`auth error codes with a test: ${codes.length - without.length}/${codes.length}; without one:${without.length ? "" : " none"}`);
for (const code of without) {
  const why = untested[code];
  if (why) console.log(`  ${code}: ${why}`);
  else fail(`${code}: no test, and no reason`);
}
for (const code of Object.keys(untested)) if (!without.includes(code)) fail(`${code}: has a test; its reason in auth_codes.ts is out of date`);
for (const code of [...passed, ...broken]) if (!codes.includes(code)) fail(`${code}: tested, but no code of the specification`);
process.exit(Math.min(faults, 255));
