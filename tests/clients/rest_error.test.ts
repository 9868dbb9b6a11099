// Errors: docs/spec/supabase-data-api.md 8.
import assert from "node:assert/strict";
import { test } from "node:test";
import { anon, call, person, service, url } from "./rest_support.ts";

const token = process.env.SUPABASE_SERVICE_ROLE_KEY;

// The response to a signed-in user for a database error of this SQLSTATE.
const states: [string, number][] = [
  ["08006", 503], ["09000", 500], ["38000", 500], ["39000", 500], ["3B000", 500], ["40000", 500], ["42501", 403], ["0L000", 403],
  ["0P000", 403], ["28000", 403], ["21000", 500], ["42883", 404], ["42P01", 404], ["42P17", 500], ["23503", 409], ["23505", 409],
  ["53400", 500], ["54000", 500], ["55000", 500], ["58000", 500], ["53000", 503], ["25006", 405], ["25000", 500], ["2D000", 500],
  ["57P01", 503], ["57014", 500], ["F0000", 500], ["HV000", 500], ["XX000", 500], ["P0001", 400], ["P0002", 500], ["PT409", 409],
  ["22P02", 400], ["23502", 400], ["23514", 400], ["42703", 400], ["42P10", 400], ["22012", 400],
];

test("[8 sqlstates] each SQLSTATE has its status, and is the code", async () => {
  const ada = await person();
  for (const [state, status] of states) {
    const answer = await call("rpc/fail", { method: "POST", token: ada.token, body: { state, words: "w" } });
    assert.equal(answer.status, status, `${state}: ${answer.text}`);
    assert.deepEqual(Object.keys(answer.json).sort(), ["code", "details", "hint", "message"], state);
    // A lost connection is an outage of the whole API.
    assert.equal(answer.json.code, /^(08|57P01)/.test(state) ? "PGRST001" : state, state);
    if (status < 500) assert.deepEqual(answer.json, { code: state, message: "w", details: "more", hint: "advice" }, state);
  }
  assert.equal((await call("rpc/fail", { method: "POST", body: { state: "42501", words: "w" } })).status, 401);
  assert.equal((await call("rpc/fail", { method: "POST", body: { state: "22023", words: 'role "x" does not exist' } })).status, 401);
  assert.equal((await call("rpc/fail", { method: "POST", body: { state: "21000", words: "UPDATE requires a WHERE clause" } })).status, 400);
});

test("[8 duplicate] a duplicate answers 409 with Postgres's own words", async () => {
  await service.from("boxes").upsert({ code: "twice" }, { onConflict: "code", ignoreDuplicates: true });
  const answer = await call("boxes", { method: "POST", token, body: { code: "twice" } });
  assert.equal(answer.status, 409);
  assert.deepEqual(answer.json, {
    code: "23505",
    details: "Key (code)=(twice) already exists.",
    hint: null,
    message: 'duplicate key value violates unique constraint "boxes_code_key"',
  });
});

test("[8 constraints] check, not null, foreign key, enum and uuid faults", async () => {
  const insert = async (table: string, row: object) => {
    const { status, error } = await service.from(table).insert(row);
    return `${status} ${error?.code}`;
  };
  assert.equal(await insert("boxes", { label: "" }), "400 23514");
  assert.equal(await insert("notes", { body: null, owner: "00000000-0000-0000-0000-000000000000" }), "400 23502");
  assert.equal(await insert("lids", { box_id: -1 }), "409 23503");
  assert.equal(await insert("boxes", { mood: "furious" }), "400 22P02");
  assert.equal(await insert("notes", { body: "x", owner: "x" }), "400 22P02");
  const enumeration = await service.from("boxes").insert({ mood: "furious" });
  assert.equal(enumeration.error?.message, 'invalid input value for enum mood: "furious"');
});

test("[8 format; 10.10] every error has the four members, in JSON, whichever layer raises it", async () => {
  const faults: [string, Parameters<typeof call>[1]][] = [
    ["nothing_here", {}],
    ["a/b/c", {}],
    ["films?id=xx.1", {}],
    ["films", { method: "POST", token, body: "{" }],
    ["films", { token: "x.y.z" }],
    ["films", { headers: { Accept: "image/png" } }],
    ["films", { method: "POST", token, body: "x".repeat(1_100_000) }],
    ["films", { method: "POST", token, body: "<x/>", headers: { "Content-Type": "application/xml" } }],
    [`films?id=in.(${"1,".repeat(1500)}1)`, {}],
    [`films?title=eq.${"x".repeat(17_000)}`, {}],
    ["rpc/no_such", { method: "POST", body: {} }],
    ["films", { headers: { "Accept-Profile": "secret" } }],
  ];
  for (const [path, options] of faults) {
    const answer = await call(path, options);
    assert.ok(answer.status >= 400, `${path.slice(0, 40)}: ${answer.status}`);
    assert.match(answer.headers.get("content-type") ?? "", /^application\/json/, path.slice(0, 40));
    assert.deepEqual(Object.keys(answer.json ?? {}).sort(), ["code", "details", "hint", "message"], `${path.slice(0, 40)}: ${answer.text.slice(0, 200)}`);
  }
  const keyless = await fetch(`${url}/rest/v1/films`);
  assert.equal(keyless.status, 401);
  assert.ok((await keyless.json()).message);
  const { error } = await anon.from("nothing_here").select();
  assert.equal(error?.code, "PGRST205");
});

test("[8 pgrst codes] the codes come with their statuses", async () => {
  const expected: [string, Parameters<typeof call>[1], number, string][] = [
    ["films?id=1", {}, 400, "PGRST100"],
    ["rpc/add", { method: "DELETE" }, 405, "PGRST101"],
    ["boxes", { method: "POST", token, body: "[" }, 400, "PGRST102"],
    ["directors?offset=9", { headers: { Prefer: "count=exact" } }, 416, "PGRST103"],
    ["films", { headers: { "Accept-Profile": "secret" } }, 406, "PGRST106"],
    ["films", { headers: { Accept: "image/png" } }, 406, "PGRST107"],
    ["films?actors.id=eq.1", {}, 400, "PGRST108"],
    ["pairs?a=eq.1", { method: "PUT", token, body: { a: 1, b: 1 } }, 405, "PGRST105"],
    ["pairs?a=eq.1&b=eq.1&limit=1", { method: "PUT", token, body: { a: 1, b: 1 } }, 400, "PGRST114"],
    ["pairs?a=eq.1&b=eq.1", { method: "PUT", token, body: { a: 1, b: 2 } }, 400, "PGRST115"],
    ["films?id=eq.99", { headers: { Accept: "application/vnd.pgrst.object+json" } }, 406, "PGRST116"],
    ["", { method: "POST", token, body: {} }, 405, "PGRST117"],
    ["rpc/fail", { method: "POST", token, body: { state: "PGRST", words: "w" } }, 500, "PGRST121"],
    ["boxes?id=gt.0", { method: "PATCH", token, body: { n: 1 }, headers: { Prefer: "handling=strict,max-affected=0" } }, 400, "PGRST124"],
    ["rpc/add", { method: "POST", body: { a: 1 }, headers: { Prefer: "handling=strict,max-affected=1" } }, 400, "PGRST128"],
    ["directors?select=films(id)&order=films(id)", {}, 400, "PGRST118"],
    ["films?select=actors(id)&actors=eq.1", {}, 400, "PGRST120"],
    ["films", { headers: { Prefer: "handling=strict,foo" } }, 400, "PGRST122"],
    ["films?select=id.sum()", {}, 400, "PGRST123"],
    ["films/1", {}, 404, "PGRST125"],
    ["films?select=kinds(id)", {}, 400, "PGRST200"],
    ["orders?select=addresses(id)", {}, 300, "PGRST201"],
    ["rpc/no_such", {}, 404, "PGRST202"],
    ["rpc/unclear?v=1", {}, 300, "PGRST203"],
    ["boxes?columns=wrong", { method: "POST", token, body: {} }, 400, "PGRST204"],
    ["nothing", {}, 404, "PGRST205"],
    ["films", { token: "x" }, 401, "PGRST301"],
  ];
  for (const [path, options, status, code] of expected) {
    const answer = await call(path, options);
    assert.deepEqual([answer.status, answer.json?.code ?? ""], [status, code], `${path}: ${answer.text}`);
  }
});
