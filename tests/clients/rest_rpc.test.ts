// Functions: docs/spec/supabase-data-api.md 7, and functions in 1 and 2.
import assert from "node:assert/strict";
import { test } from "node:test";
import { anon, call, ids, owner, person, service } from "./rest_support.ts";

test("[7 post; 7 scalar; 2 rpc post] named arguments go in a JSON body, a scalar comes back bare", async () => {
  const { data, error, status } = await anon.rpc("add", { a: 1, b: 2 });
  assert.deepEqual([data, error, status], [3, null, 200]);
  assert.equal((await call("rpc/add", { method: "POST", body: { a: 1, b: 2 } })).text, "3");
  assert.equal((await call("rpc/greet", { method: "POST", body: { name: 'a "b"' } })).text, '"hello a \\"b\\""');
  assert.equal((await call("rpc/nothing", { method: "POST", body: {} })).text, "null");
});

test("[7 defaults; 7 empty body] missing arguments take their defaults, an empty body names none", async () => {
  assert.equal((await anon.rpc("add", { a: 1 })).data, 11);
  assert.equal((await anon.rpc("greet")).data, "hello world");
  assert.equal((await call("rpc/greet", { method: "POST" })).text, '"hello world"');
});

test("[7 get; 2 rpc get] GET takes arguments from the query, and other parameters are filters", async () => {
  assert.equal((await anon.rpc("add", { a: 1, b: 2 }, { get: true })).data, 3);
  assert.equal((await call("rpc/greet?name=you+%26+me")).json, "hello you & me");
  const films = await call("rpc/films_of_year?from_year=2000&title=like.G*&select=id");
  assert.deepEqual(films.json, [{ id: 3 }]);
  const list = await anon.rpc("list_of", { v: [1, 2] }, { get: true });
  assert.deepEqual(list.data, [1, 2, 9]);
});

test("[7 void] a function that returns void answers 204", async () => {
  const answer = await call("rpc/done", { method: "POST", body: {} });
  assert.deepEqual([answer.status, answer.text], [204, ""]);
  assert.deepEqual(await anon.rpc("done").then(({ data, error }) => [data, error]), [null, null]);
});

test("[7 overloads; 7 ambiguous] the set of argument names chooses; two that fit are 300 PGRST203", async () => {
  assert.equal((await anon.rpc("over", { a: 1 })).data, "one");
  assert.equal((await anon.rpc("over", { a: 1, b: 2 })).data, "two");
  const unclear = await call("rpc/unclear", { method: "POST", body: { v: 1 } });
  assert.equal(unclear.status, 300);
  assert.equal(unclear.json.code, "PGRST203");
  assert.match(unclear.json.message, /^Could not choose the best candidate function between: public\.unclear\(v => \w+\), public\.unclear\(v => \w+\)$/);
});

test("[7 no function] no such function or set of arguments answers 404 PGRST202", async () => {
  const answer = await call("rpc/ad", { method: "POST", body: { a: 1, b: 2 } });
  assert.equal(answer.status, 404);
  assert.equal(answer.json.code, "PGRST202");
  assert.equal(answer.json.message, "Could not find the function public.ad(a, b) in the schema cache");
  assert.equal(
    answer.json.details,
    "Searched for the function public.ad with parameters a, b or with a single unnamed json/jsonb parameter, but no matches were found in the schema cache.",
  );
  const arguments_ = await anon.rpc("add", { x: 1 });
  assert.deepEqual([arguments_.status, arguments_.error?.code], [404, "PGRST202"]);
});

test("[7 setof] sets are arrays: of values, or of rows that take select, filters, order, limit and count", async () => {
  assert.deepEqual((await anon.rpc("numbers", { upto: 3 })).data, [1, 2, 3]);
  const { data, count } = await anon.rpc("films_of_year", { from_year: 1990 }, { count: "exact" }).select("id").neq("id", 2).order("id", { ascending: false }).limit(1);
  assert.deepEqual([data, count], [[{ id: 3 }], 2]);
  const single = await anon.rpc("films_of_year", { from_year: 2010 }).select("title").single();
  assert.deepEqual(single.data, { title: "Gamma (x)" });
});

test("[7 table] a function that returns a table answers rows of its columns", async () => {
  assert.deepEqual((await anon.rpc("table_of", { n: 2 })).data, [{ i: 1, "sq uare": 1 }, { i: 2, "sq uare": 4 }]);
  assert.deepEqual((await anon.rpc("table_of", { n: 3 }).select('"sq uare"').gt("i", 2)).data, [{ "sq uare": 9 }]);
});

test("[7 composite] a composite is one object that takes select and embeds", async () => {
  const { data } = await anon.rpc("one_film", { film: 2 });
  assert.equal(data.title, "Beta");
  const picked = await anon.rpc("one_film", { film: 2 }).select("title, directors(name)");
  assert.deepEqual(picked.data, { title: "Beta", directors: { name: "Ada" } });
  assert.deepEqual((await anon.rpc("sized", { s: { width: 1, label: "x" } })).data, { width: 2, label: "x" });
});

test("[7 null composite] a NULL composite answers null", async () => {
  const answer = await call("rpc/one_film", { method: "POST", body: { film: 99 } });
  assert.deepEqual([answer.status, answer.text], [200, "null"]);
  const { data, error } = await anon.rpc("one_film", { film: 99 });
  assert.deepEqual([data, error], [null, null]);
});

test("[7 json; 7 array; 7 unnamed] JSON passes unchanged, arrays are arrays, one unnamed parameter takes the whole body", async () => {
  assert.deepEqual((await anon.rpc("json_back", { v: { a: [1, null] } })).data, { a: [1, null] });
  assert.deepEqual((await anon.rpc("list_of", { v: [1, 2] })).data, [1, 2, 9]);
  assert.deepEqual((await anon.rpc("whole_body", { any: { thing: 1 } })).data, { any: { thing: 1 } });
  assert.deepEqual((await call("rpc/whole_body", { method: "POST", body: [1, 2] })).json, [1, 2]);
});

test("[7 raise; 8 P0001] RAISE EXCEPTION answers 400 with its message", async () => {
  const answer = await call("rpc/plain_fail", { method: "POST", body: {} });
  assert.equal(answer.status, 400);
  assert.deepEqual(answer.json, { code: "P0001", message: "no such luck", details: null, hint: null });
});

test("[7 raise using; 8 PTnnn] USING fills the members, PTnnn sets the status", async () => {
  const answer = await call("rpc/fail", { method: "POST", body: { state: "PT418", words: "tea", more: "pot", advice: "cup" } });
  assert.equal(answer.status, 418);
  assert.deepEqual(answer.json, { code: "PT418", message: "tea", details: "pot", hint: "cup" });
  const { error, status } = await anon.rpc("fail", { state: "P0001", words: "w" });
  assert.deepEqual([status, error?.message, error?.details, error?.hint], [400, "w", "more", "advice"]);
});

test("[7 volatile get] a volatile function that writes fails by GET with 25006, 405", async () => {
  const answer = await call("rpc/write_by_get");
  assert.equal(answer.status, 405);
  assert.equal(answer.json.code, "25006");
  assert.equal(owner("select count(*) from loose where v = 'by get'"), "0");
  assert.equal((await service.rpc("write_by_get")).data, 1);
  await service.from("loose").delete().eq("v", "by get");
});

test("[7 read only] POST of a stable function is read-only, of a volatile one not", async () => {
  assert.equal((await anon.rpc("who")).data.read_only, "on");
  const ada = await person();
  const made = await ada.client.rpc("make_box", { new_label: "by function" }).select("label, n");
  assert.deepEqual(made.data, { label: "by function", n: 7 });
});

test("[7 execute; 9 functions] a function without the right to execute answers 42501: 401 for anon, 403 for a user", async () => {
  const ada = await person();
  for (const name of ["kept_back", "claim_next_job", "reserve_credits", "finalize_credits"]) {
    const body = name === "claim_next_job" ? { worker_name: "w" } : name === "kept_back" ? {} : name === "reserve_credits" ? { p_user_id: ada.id, p_job_id: ada.id, p_amount: 1 } : { p_user_id: ada.id, p_job_id: ada.id, p_final_cost: 1 };
    const visitor = await call(`rpc/${name}`, { method: "POST", body });
    const user = await call(`rpc/${name}`, { method: "POST", body, token: ada.token });
    assert.deepEqual([visitor.status, visitor.json.code], [401, "42501"], name);
    assert.deepEqual([user.status, user.json.code], [403, "42501"], name);
    assert.equal(user.json.message, `permission denied for function ${name}`);
  }
  assert.equal((await service.rpc("kept_back")).data, 1);
});

test("[7 head; 2 rpc methods] HEAD calls, other methods are 405 PGRST101", async () => {
  const { count, data } = await anon.rpc("films_of_year", { from_year: 1990 }, { head: true, count: "exact" });
  assert.deepEqual([count, data], [3, null]);
  const objects = await anon.rpc("sized", { s: { width: 1, label: "x" } }, { head: true, count: "exact" });
  assert.deepEqual([objects.count, objects.error], [1, null]);
  for (const method of ["PATCH", "PUT", "DELETE"]) {
    const answer = await call("rpc/add", { method, body: { a: 1 } });
    assert.deepEqual([answer.status, answer.json.code], [405, "PGRST101"], method);
  }
});

test("[7 bad argument] an argument that does not fit its type is 22P02", async () => {
  const answer = await call("rpc/add", { method: "POST", body: { a: "x" } });
  assert.deepEqual([answer.status, answer.json.code], [400, "22P02"]);
  assert.deepEqual(ids((await call("rpc/films_of_year?from_year=2010&select=id")).json), [3]);
});

test("[4 object rpc] a function's writes are rolled back unless it returns one object", async () => {
  const label = `twins-${process.pid}`;
  const twins = await service.rpc("make_twins", { new_label: label }).select("label").single();
  assert.deepEqual([twins.status, twins.error?.code, twins.error?.details], [406, "PGRST116", "The result contains 2 rows"]);
  assert.equal(owner(`select count(*) from boxes where label = '${label}'`), "0");
  const one = await service.rpc("make_twins", { new_label: label }).select("label").limit(1).single();
  assert.deepEqual(one.data, { label });
});

test("[7 setof] a set of values takes limit, offset, order and count", async () => {
  const answer = await call("rpc/numbers?upto=9&limit=2&offset=3&order=numbers.desc", { headers: { Prefer: "count=exact" } });
  assert.deepEqual([answer.status, answer.text, answer.headers.get("content-range")], [206, "[6,5]", "3-4/9"]);
});
