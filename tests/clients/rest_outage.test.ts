// The database away, not there yet, and taken by others: PGRST001, 002 and 003 of spec 8. A `tenon web` of the test's own
// reaches the suite's Postgres through a door that the test closes.
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, connect, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { anonKey, serviceKey } from "./rest_support.ts";
import { until } from "../support/wait.ts";

const binary = process.env.TENON_BINARY ?? resolve(import.meta.dirname, "../../build/release/tenon");
const database = new URL(process.env.DATABASE_URL!);

const through = new Set<Socket>();
let kept = ""; // a connection that sends this is cut before the server receives it
let door: Server;
let doorPort = 0;
const open = () =>
  new Promise<void>((done) => {
    door = createServer((client) => {
      const server = connect(Number(database.port), database.hostname);
      client.on("data", (piece) => kept !== "" && piece.includes(kept) && shutOne(client, server));
      for (const [one, other] of [[client, server], [server, client]]) {
        through.add(one);
        one.pipe(other);
        one.on("error", () => other.destroy());
        one.on("close", () => other.destroy());
      }
    }).listen(doorPort, "127.0.0.1", () => {
      doorPort = (door.address() as AddressInfo).port;
      done();
    });
  });
const shutOne = (...sockets: Socket[]) => sockets.forEach((one) => one.destroy());
const shut = () => {
  door.close();
  shutOne(...through);
  through.clear();
};

let web: ChildProcess;
let at = "";
const folder = mkdtempSync(join(tmpdir(), "tenon-outage-"));

async function free(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((done) => server.once("listening", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

async function start() {
  const behind = new URL(database);
  behind.hostname = "127.0.0.1";
  behind.port = String(doorPort);
  const port = await free();
  at = `http://127.0.0.1:${port}/rest/v1`;
  const env = { ...process.env, DATABASE_URL: String(behind), DATABASE_DIRECT_URL: String(behind), PORT: String(port), TENON_API_PORT: "0", WEB_LOOPS: "1", STORAGE_DIR: folder };
  web = spawn(binary, ["web"], { env, cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [web.stdout!, web.stderr!]) stream.on("data", (piece) => (output += piece));
  const ready = () => fetch(`http://127.0.0.1:${port}/healthz`).then((answer) => answer.ok, () => false);
  await until("tenon web answers", async () => web.exitCode !== null || (await ready()));
  if (web.exitCode !== null) throw new Error(`tenon web has ended:\n${output}`);
}

async function stop() {
  const ended = new Promise((done) => web.once("exit", done));
  web.kill("SIGTERM");
  await ended;
}

async function ask(path: string, init: RequestInit = {}, key = anonKey) {
  const answer = await fetch(`${at}/${path}`, { ...init, headers: { apikey: key, Authorization: `Bearer ${key}`, "Content-Type": "application/json", ...init.headers } });
  const text = await answer.text();
  return { status: answer.status, retry: answer.headers.get("retry-after"), json: text === "" ? null : JSON.parse(text) };
}

const served = () => until("requests are served", async () => (await ask("directors?limit=1")).status === 200);

before(open);
after(async () => {
  await stop();
  shut();
  rmSync(folder, { recursive: true, force: true });
});

test("[8 outage] before the first schema cache every request is 503 PGRST002, and succeeds once the database is up", async () => {
  kept = "obj_description"; // all but the schema cache's own statements reach the server
  await start();
  const answers = await Promise.all([ask("directors"), ask("boxes", { method: "POST", body: "{}" }, serviceKey), ask("rpc/greet", { method: "POST", body: "{}" }), ask("")]);
  for (const answer of answers)
    assert.deepEqual(answer, { status: 503, retry: "1", json: { code: "PGRST002", details: null, hint: null, message: "Could not query the database for the schema cache. Retrying." } });
  kept = "";
  await served();
});

test("[8 outage] with the database gone every request is 503 PGRST001 with Retry-After, and changes nothing", async () => {
  await served();
  shut();
  const marked = { method: "POST", body: '{"v":"during the outage"}' };
  const answers = await Promise.all([ask("directors"), ask("loose", marked, serviceKey), ask("rpc/greet"), ask("loose?v=eq.x", { method: "DELETE" }, serviceKey)]);
  for (const answer of answers)
    assert.deepEqual(answer, { status: 503, retry: "1", json: { code: "PGRST001", details: null, hint: null, message: "Database connection error. Retrying the connection." } });
  await open();
  await served();
  assert.deepEqual((await ask("loose?v=eq.during%20the%20outage", {}, serviceKey)).json, []);
});

test("[8 pool] with every connection taken, waiting in vain is 504 PGRST003", async () => {
  await served();
  const hold = "begin; lock table bits_and_pieces in access exclusive mode; select pg_sleep(9)";
  const holder = spawn("psql", ["-Xq", process.env.DATABASE_URL!, "-c", hold], { stdio: "ignore" });
  const released = new Promise((done) => holder.once("exit", done));
  const locks = "select count(*) from pg_locks where mode = 'AccessExclusiveLock' and relation = 'bits_and_pieces'::regclass and granted";
  const held = () => execFileSync("psql", ["-XqAt", process.env.DATABASE_URL!, "-c", locks], { encoding: "utf8" }).trim() === "1";
  await until("the table is locked", held);
  // The first ones are sent one behind the other; what comes after they are seen to be slow waits for a place.
  const slow = Array.from({ length: 6 }, () => ask("bits_and_pieces?limit=1", {}, serviceKey));
  await new Promise((done) => setTimeout(done, 300)); // until they are seen to be slow: time is the subject
  const began = Date.now();
  let told = 0; // when the last of them was
  const one = async () => {
    const answer = await ask("bits_and_pieces?limit=1", {}, serviceKey);
    if (answer.status === 504) told = Date.now() - began;
    return answer;
  };
  const waiting = await Promise.all(Array.from({ length: 40 }, one));
  const late = waiting.filter((answer) => answer.status === 504);
  assert.ok(late.length > 0, JSON.stringify(waiting.map((answer) => `${answer.status} ${answer.json.code}`)));
  for (const answer of late)
    assert.deepEqual(answer, { status: 504, retry: null, json: { code: "PGRST003", details: null, hint: null, message: "Timed out acquiring connection from connection pool." } });
  assert.ok(told < 7000, `${told}`);
  for (const answer of waiting) assert.ok([200, 503, 504].includes(answer.status), `${answer.status}`);
  await Promise.all(slow);
  await released;
  await served();
});
