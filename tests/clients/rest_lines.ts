// rest_lines.ts TAP   prints every line of the data API's specification that no passing test cites, and fails when there
// is one. The lines stand in rest_lines.json; a test cites them in front of its name: "[3.2 in; 10.2] …".
import { readFileSync } from "node:fs";

const lines = JSON.parse(readFileSync(new URL("rest_lines.json", import.meta.url), "utf8")) as Record<string, string>;
const held = new Set<string>();
const broken = new Set<string>();
// A test that was skipped or is still to be written ran nothing: its lines are not covered.
for (const [line, not, cited] of readFileSync(process.argv[2], "utf8").matchAll(/^\s*(not )?ok \d+ - \[([^\]]+)\].*$/gm))
  for (const key of cited.split(";")) (not || /# (SKIP|TODO)\b/i.test(line) ? broken : held).add(key.trim());

const missing = Object.keys(lines).filter((key) => !held.has(key) || broken.has(key));
const unknown = [...held, ...broken].filter((key) => !(key in lines));
console.log(`spec lines without a passing test: ${missing.length === 0 ? "none" : ""}`);
for (const key of missing) console.log(`  ${key}: ${lines[key]}`);
if (unknown.length > 0) console.log(`cited, but no line of the specification: ${unknown.join(", ")}`);
process.exit(Math.min(missing.length + unknown.length, 255));
