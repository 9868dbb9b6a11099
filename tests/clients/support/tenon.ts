// A Tenon of one's own, for suites that need other variables than the shared one: private data folder, free ports.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../../..");
const binary = process.env.TENON_BINARY ?? join(root, "build/release/tenon");

export type Tenon = { site: string; api: string; anon: string; service: string; secret: string; database: string; stop: () => Promise<void>; log: () => string; tool: (...words: string[]) => string };

/** Starts `tenon dev` and waits until it says that it is ready. */
export async function startTenon(variables: Record<string, string> = {}): Promise<Tenon> {
  const data = mkdtempSync(join(tmpdir(), "tenon-own-"));
  // The variables of the suite's own Tenon (URLs, keys) must not reach this one.
  const { PATH, HOME, USER, TZ } = process.env;
  const env = { PATH, HOME, USER, TZ, TENON_RATE_LIMITS: "off", ...variables };
  const child = spawn(binary, ["dev", "--data", data, "--port", "0", "--api-port", "0", "--no-seed"], { env, cwd: data });
  let output = "";
  const ended = new Promise<void>((done) => child.once("exit", () => done()));
  await new Promise<void>((ready, failed) => {
    const timer = setTimeout(() => failed(new Error(`tenon dev is not ready after 60 s:\n${output}`)), 60_000);
    const hear = (piece: Buffer) => {
      output += piece;
      if (!output.includes("ready at")) return;
      clearTimeout(timer);
      ready();
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.once("exit", (code) => failed(new Error(`tenon dev ended with ${code}:\n${output}`)));
  });
  const written = Object.fromEntries(
    readFileSync(join(data, "dev.env"), "utf8")
      .split("\n")
      .filter((line) => /^[A-Z_]+=/.test(line))
      .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
  return {
    site: written.TENON_URL,
    api: written.SUPABASE_URL,
    anon: written.SUPABASE_ANON_KEY,
    service: written.SUPABASE_SERVICE_ROLE_KEY,
    secret: written.JWT_SECRET,
    database: written.DATABASE_URL,
    // As its operator at the command line, with what dev.env says.
    tool: (...words) => execFileSync(binary, words, { env: { PATH, HOME, ...written }, cwd: data, encoding: "utf8" }).trim(),
    log: () => readFileSync(join(data, "log/web.log"), "utf8"),
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
      execFileSync(binary, ["db", "remove", "--data", data], { stdio: "ignore" });
      rmSync(data, { recursive: true, force: true });
    },
  };
}
