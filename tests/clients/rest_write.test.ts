// Writes: docs/spec/supabase-data-api.md 6, and writes in 5 and 10.
import assert from "node:assert/strict";
import { test } from "node:test";
import { anon, call, ids, owner, person, service } from "./rest_support.ts";

const token = process.env.SUPABASE_SERVICE_ROLE_KEY;
const tag = (name: string) => `${name}-${process.pid}-${Math.floor(Math.random() * 1e9)}`;

test("[6 post; 2 insert; 5 return minimal] an insert answers 201 and an empty body", async () => {
  const code = tag("post");
  const { status, data, error } = await service.from("boxes").insert({ code });
  assert.deepEqual([status, data, error], [201, null, null]);
  const answer = await call("boxes", { method: "POST", token, body: { code: tag("post") } });
  assert.equal(answer.status, 201);
  assert.equal(answer.text, "");
  assert.equal(answer.headers.get("content-range"), "*/*");
  assert.equal(owner(`select label || n from boxes where code = '${code}'`), "unnamed7");
});

test("[6 representation; 5 return representation] return=representation answers the rows, shaped by select, with embeds", async () => {
  const made = await service.from("boxes").insert({ code: tag("rep"), label: "x" }).select("label, n, doubled").single();
  assert.deepEqual(made.data, { label: "x", n: 7, doubled: 14 });
  assert.equal(made.status, 201);
  const box = await service.from("boxes").insert({ code: tag("rep") }).select().single();
  const lid = await service.from("lids").insert({ box_id: box.data.id, colour: "red" }).select("colour, boxes(id)").single();
  assert.deepEqual(lid.data, { colour: "red", boxes: { id: box.data.id } });
});

test("[5 headers only] return=headers-only answers a Location with the key", async () => {
  const answer = await call("boxes", { method: "POST", token, body: { code: tag("loc") }, headers: { Prefer: "return=headers-only" } });
  assert.equal(answer.status, 201);
  assert.equal(answer.text, "");
  assert.match(answer.headers.get("location")!, /^\/boxes\?id=eq\.\d+$/);
});

test("[6 bulk] an array inserts its rows in one statement", async () => {
  const code = tag("bulk");
  const { data, status } = await service.from("boxes").insert([{ code: `${code}1`, n: 1 }, { code: `${code}2`, n: 2 }]).select("n");
  assert.equal(status, 201);
  assert.deepEqual(data, [{ n: 1 }, { n: 2 }]);
  const failed = await service.from("boxes").insert([{ code: `${code}3`, n: 1 }, { code: `${code}3`, n: 2 }]);
  assert.equal(failed.status, 409);
  assert.equal(owner(`select count(*) from boxes where code = '${code}3'`), "0");
});

test("[6 empty array; 6 empty object] nothing is inserted for [], a row of defaults for {}", async () => {
  const empty = await call("boxes", { method: "POST", token, body: [], headers: { Prefer: "return=representation" } });
  assert.equal(empty.status, 201);
  assert.deepEqual(empty.json, []);
  const row = await call("boxes?select=label,n", { method: "POST", token, body: {}, headers: { Prefer: "return=representation" } });
  assert.equal(row.status, 201);
  assert.deepEqual(row.json, [{ label: "unnamed", n: 7 }]);
});

test("[6 malformed; 6 keys match] broken JSON and unlike keys answer PGRST102", async () => {
  for (const body of ["", "{", "[1]", '"x"', '{"code":}', "[{},1]"]) {
    const answer = await call("boxes", { method: "POST", token, body });
    assert.equal(answer.status, 400, body);
    assert.equal(answer.json.code, "PGRST102", body);
    assert.match(answer.json.message, /Empty or invalid json|All object keys must match/);
  }
  const unlike = await call("boxes", { method: "POST", token, body: [{ code: "a" }, { label: "b" }] });
  assert.equal(unlike.json.message, "All object keys must match");
});

test("[6 columns; 6 missing; 5 missing] columns limits what is inserted; missing keys are NULL, or their default", async () => {
  const code = tag("columns");
  const limited = await call('boxes?columns="code","n"&select=code,label,n', { method: "POST", token, body: { code, n: 3, label: "ignored" }, headers: { Prefer: "return=representation" } });
  assert.deepEqual(limited.json, [{ code, label: "unnamed", n: 3 }]);
  const nulls = await service.from("boxes").insert([{ code: `${code}1`, n: 1 }, { code: `${code}2` }]).select("n");
  assert.deepEqual(nulls.data, [{ n: 1 }, { n: null }]);
  const defaults = await service.from("boxes").insert([{ code: `${code}3`, n: 1 }, { code: `${code}4` }], { defaultToNull: false }).select("n");
  assert.deepEqual(defaults.data, [{ n: 1 }, { n: 7 }]);
});

test("[6 missing; 6 columns] a missing identity takes its next value; one that is always generated is rejected by Postgres", async () => {
  const post = (path: string, body: object, Prefer = "missing=default,return=representation") => call(path, { method: "POST", token, body, headers: { Prefer } });
  const after = (answer: { json: { id: number }[] }) => answer.json.map((row) => row.id);
  const [first] = after(await post("counted?columns=id,v", [{ v: "a" }]));
  assert.deepEqual((await post("counted?columns=id,v", [{ v: "b" }, {}])).json, [{ id: first + 1, v: "b" }, { id: first + 2, v: "d" }]);
  assert.deepEqual((await post("counted?columns=id,v", [{ id: -first }, { v: "c" }])).json, [{ id: -first, v: "d" }, { id: first + 3, v: "c" }]);
  assert.deepEqual(after(await post("counted", [{}, {}, {}])), [first + 4, first + 5, first + 6]);
  const renumbered = await call(`counted?id=eq.${-first}&columns=id`, { method: "PATCH", token, body: {}, headers: { Prefer: "missing=default,return=representation" } });
  assert.deepEqual([renumbered.status, renumbered.json], [200, [{ id: first + 7, v: "d" }]]);
  assert.deepEqual((await post("counted?columns=id,v", [{ v: "e" }], "return=representation")).json.code, "23502");

  const always = { code: "428C9", details: 'Column "id" is an identity column defined as GENERATED ALWAYS.', hint: "Use OVERRIDING SYSTEM VALUE to override.", message: 'cannot insert a non-DEFAULT value into column "id"' };
  for (const body of [[{ v: "a" }], [{ v: "a" }, { v: "b" }], [{ v: "a" }, { id: 3 }], [{}], [{ id: 3 }]]) {
    const answer = await post("numbered?columns=id,v", body);
    assert.deepEqual([answer.status, answer.json], [400, always], JSON.stringify(body));
  }
  const [made] = after(await post("numbered", [{ v: "a" }]));
  assert.deepEqual((await post("numbered", [{}, {}])).json, [{ id: made + 1, v: "d" }, { id: made + 2, v: "d" }]);
  assert.equal((await post("boxes?columns=code,doubled", [{ code: tag("doubled") }])).json.code, "428C9");
  const update = await call(`numbered?id=eq.${made}&columns=id,v`, { method: "PATCH", token, body: { v: "b" }, headers: { Prefer: "missing=default" } });
  assert.deepEqual([update.status, update.json.code], [400, "428C9"]);
});

test("[6 unknown column] an unknown column is PGRST204", async () => {
  const answer = await call("boxes", { method: "POST", token, body: { wrong: 1 } });
  assert.equal(answer.status, 400);
  assert.equal(answer.json.code, "PGRST204");
  assert.equal(answer.json.message, "Could not find the 'wrong' column of 'boxes' in the schema cache");
  const { error } = await service.from("boxes").update({ wrong: 1 }).eq("id", 1);
  assert.equal(error?.code, "PGRST204");
});

test("[6 types; 10.9] values convert as in json_to_recordset: enums, arrays, jsonb, numbers as text", async () => {
  const made = await service.from("boxes").insert({ code: tag("types"), mood: "so so", tags: ["a", "b c", null], meta: { deep: [1, null, { x: "y" }] }, n: "12" }).select("mood, tags, meta, n").single();
  assert.deepEqual(made.data, { mood: "so so", tags: ["a", "b c", null], meta: { deep: [1, null, { x: "y" }] }, n: 12 });
  const text = await service.from("boxes").insert({ code: tag("types"), meta: "just text" }).select("meta").single();
  assert.equal(text.data!.meta, "just text");
  const id = 1000 + Math.floor(Math.random() * 1e6);
  const kind = await service.from("kinds").insert({ id, b: false, s: { width: 3, label: "x" }, r: "[1,5)", i8: "9007199254740993", by: "\\xff" }).select("s, r, by, i8::text").single();
  assert.equal(kind.error, null);
  assert.deepEqual(kind.data, { s: { width: 3, label: "x" }, r: "[1,5)", by: "\\xff", i8: "9007199254740993" });
  await service.from("kinds").delete().eq("id", id);
});

test("[6 upsert merge; 6 upsert status; 10.4] merge-duplicates updates the payload's columns only", async () => {
  const code = tag("merge");
  const first = await service.from("boxes").insert({ code, label: "kept", n: 1 }).select("id").single();
  const merged = await service.from("boxes").upsert({ code, n: 2 }, { onConflict: "code" }).select("id, label, n").single();
  assert.deepEqual(merged.data, { id: first.data!.id, label: "kept", n: 2 });
  assert.equal(merged.status, 200);
  const byKey = await service.from("boxes").upsert({ id: first.data!.id, n: 3 }).select("label, n").single();
  assert.deepEqual(byKey.data, { label: "kept", n: 3 });
  const fresh = await service.from("boxes").upsert({ code: tag("merge"), n: 4 }, { onConflict: "code" });
  assert.equal(fresh.status, 201);
  const both = await service.from("boxes").upsert([{ code, n: 5 }, { code: `${code}-new`, n: 5 }], { onConflict: "code" });
  assert.equal(both.status, 201);
});

test("[6 upsert ignore; 5 resolution] ignore-duplicates keeps existing rows and does not return them", async () => {
  const code = tag("ignore");
  await service.from("boxes").insert({ code, n: 1 });
  const { data, status } = await service.from("boxes").upsert([{ code, n: 2 }, { code: `${code}b`, n: 3 }], { onConflict: "code", ignoreDuplicates: true }).select("n");
  assert.equal(status, 201);
  assert.deepEqual(data, [{ n: 3 }]);
  assert.equal(owner(`select n from boxes where code = '${code}'`), "1");
});

test("[6 upsert two columns; 6 upsert 42P10; 6 upsert without key] keys of two columns, no constraint, no key", async () => {
  const a = Math.floor(Math.random() * 1e9);
  await service.from("pairs").upsert([{ a, b: 1, v: "x" }, { a, b: 2, v: "y" }]);
  await service.from("pairs").upsert([{ a, b: 1, v: "z" }], { onConflict: "a,b" });
  assert.equal(owner(`select string_agg(v, ',' order by b) from pairs where a = ${a}`), "z,y");
  const wrong = await service.from("boxes").upsert({ label: "x", n: 1 }, { onConflict: "n" });
  assert.equal(wrong.status, 400);
  assert.equal(wrong.error?.code, "42P10");
  const v = tag("loose");
  assert.equal((await service.from("loose").upsert({ v })).status, 201);
  assert.equal((await service.from("loose").upsert({ v })).status, 201);
  assert.equal(owner(`select count(*) from loose where v = '${v}'`), "2");
});

test("[6 patch; 2 update] an update answers 204, or 200 with the rows", async () => {
  const code = tag("patch");
  await service.from("boxes").insert([{ code: `${code}1` }, { code: `${code}2` }]);
  const minimal = await service.from("boxes").update({ n: 1 }).eq("code", `${code}1`);
  assert.deepEqual([minimal.status, minimal.data, minimal.error], [204, null, null]);
  const rows = await service.from("boxes").update({ n: 5, tags: ["t"] }).like("code", `${code}%`).select("n, tags");
  assert.equal(rows.status, 200);
  assert.deepEqual(rows.data, [{ n: 5, tags: ["t"] }, { n: 5, tags: ["t"] }]);
  assert.deepEqual((await service.from("boxes").update({ meta: null, n: null }).eq("code", `${code}1`).select("meta, n").single()).data, { meta: null, n: null });
});

test("[6 patch none; 6 patch empty; 10.6] no matching row and an empty object change nothing and report it", async () => {
  assert.equal((await service.from("boxes").update({ n: 1 }).eq("code", "nobody")).status, 204);
  const none = await service.from("boxes").update({ n: 1 }).eq("code", "nobody").select();
  assert.deepEqual([none.status, none.data], [200, []]);
  const code = tag("empty");
  await service.from("boxes").insert({ code });
  assert.equal((await call(`boxes?code=eq.${code}`, { method: "PATCH", token, body: {} })).status, 204);
  const empty = await call(`boxes?code=eq.${code}`, { method: "PATCH", token, body: {}, headers: { Prefer: "return=representation" } });
  assert.deepEqual([empty.status, empty.json], [200, []]);
});

test("[6 patch all] an update without filters reaches every row", async () => {
  await service.from("lids").insert([{ colour: "a" }, { colour: "b" }]);
  assert.equal((await call("lids", { method: "PATCH", token, body: { colour: "all" } })).status, 204);
  assert.equal(owner("select count(*) from lids where colour <> 'all'"), "0");
});

test("[6 delete; 2 delete] a delete answers 204, or 200 with the rows", async () => {
  const code = tag("delete");
  await service.from("boxes").insert([{ code: `${code}1` }, { code: `${code}2` }]);
  assert.equal((await service.from("boxes").delete().eq("code", `${code}1`)).status, 204);
  const rows = await service.from("boxes").delete().like("code", `${code}%`).select("code");
  assert.deepEqual([rows.status, rows.data], [200, [{ code: `${code}2` }]]);
  assert.equal(owner(`select count(*) from boxes where code like '${code}%'`), "0");
});

test("[6 count] writes report the number of rows when a count is requested", async () => {
  const code = tag("count");
  assert.equal((await service.from("boxes").insert([{ code: `${code}1` }, { code: `${code}2` }], { count: "exact" })).count, 2);
  const answer = await call(`boxes?code=like.${code}*`, { method: "PATCH", token, body: { n: 2 }, headers: { Prefer: "count=exact" } });
  assert.equal(answer.headers.get("content-range"), "*/2");
  assert.equal((await service.from("boxes").delete({ count: "exact" }).like("code", `${code}%`)).count, 2);
});

test("[6 limited] limit and order on an update or delete are ignored or rejected", async () => {
  const code = tag("limited");
  await service.from("boxes").insert([{ code: `${code}1`, n: 1 }, { code: `${code}2`, n: 1 }]);
  const answer = await call(`boxes?code=like.${code}*&order=code&limit=1`, { method: "PATCH", token, body: { n: 9 } });
  const changed = owner(`select count(*) from boxes where code like '${code}%' and n = 9`);
  assert.ok((answer.status === 204 && changed === "2") || (answer.status === 400 && changed === "0"), `${answer.status}, ${changed} rows`);
});

test("[6 rls] a write that a policy rejects is 42501: 403 for a user, 401 for anon", async () => {
  const ada = await person();
  const bob = await person();
  const foreign = await ada.client.from("notes").insert({ body: "x", owner: bob.id });
  assert.equal(foreign.status, 403);
  assert.equal(foreign.error?.code, "42501");
  assert.equal(foreign.error?.message, 'new row violates row-level security policy for table "notes"');
  const spam = await anon.from("letter_box").insert({ body: "spam" });
  assert.equal(spam.status, 401);
  assert.equal(spam.error?.code, "42501");
  const note = await ada.client.from("notes").insert({ body: "hers" }).select("id").single();
  assert.equal(note.status, 201);
  const gift = await ada.client.from("notes").update({ owner: bob.id }).eq("id", note.data!.id);
  assert.equal(gift.error?.code, "42501");
});

test("[6 rls silent] another's rows are neither changed nor deleted, without an error", async () => {
  const ada = await person();
  const bob = await person();
  const note = await ada.client.from("notes").insert({ body: "hers" }).select("id").single();
  const id = note.data!.id;
  assert.deepEqual((await bob.client.from("notes").select().eq("id", id)).data, []);
  assert.equal((await bob.client.from("notes").update({ body: "his" }).eq("id", id)).status, 204);
  assert.deepEqual((await bob.client.from("notes").delete().eq("id", id).select()).data, []);
  assert.equal(owner(`select body from notes where id = ${id}`), "hers");
});

test("[6 insert only; 10.5] return=minimal needs no right to read, return=representation does", async () => {
  const body = tag("letter");
  const minimal = await anon.from("letter_box").insert({ body });
  assert.deepEqual([minimal.status, minimal.error], [201, null]);
  assert.equal(owner(`select count(*) from letter_box where body = '${body}'`), "1");
  const returned = await anon.from("letter_box").insert({ body }).select();
  assert.equal(returned.status, 401);
  assert.equal(returned.error?.code, "42501");
  assert.equal(owner(`select count(*) from letter_box where body = '${body}'`), "1");
});

test("[6 views] a simple view is writable like its table", async () => {
  const code = tag("view");
  const made = await service.from("boxes_view").insert({ code, n: 4 }).select("code, n").single();
  assert.deepEqual(made.data, { code, n: 4 });
  assert.deepEqual((await service.from("boxes_view").update({ n: 5 }).eq("code", code).select("n")).data, [{ n: 5 }]);
  assert.equal((await service.from("boxes_view").delete().eq("code", code)).status, 204);
});

test("[6 filters] filters on an update and a delete take logic and JSON paths", async () => {
  const code = tag("filters");
  await service.from("boxes").insert([{ code: `${code}1`, meta: { k: "a" } }, { code: `${code}2`, meta: { k: "b" } }, { code: `${code}3`, meta: null }]);
  const { data } = await service.from("boxes").update({ n: 1 }).like("code", `${code}%`).or("meta->>k.eq.a,meta.is.null").select("code");
  assert.deepEqual(data!.map((row) => row.code).sort(), [`${code}1`, `${code}3`]);
  assert.equal(ids((await service.from("boxes").delete().like("code", `${code}%`).eq("meta->>k", "b").select("id")).data).length, 1);
});

test("[6 embed filters] conditions on an embed choose the rows of an update and a delete", async () => {
  const code = tag("embed");
  const boxes = await service.from("boxes").insert([{ code: `${code}1` }, { code: `${code}2` }, { code: `${code}3` }]).select("id, code");
  const of = (n: number) => boxes.data!.find((box) => box.code === `${code}${n}`)!.id;
  await service.from("lids").insert([{ box_id: of(1), colour: "red" }, { box_id: of(2), colour: "blue" }]);
  const like = `code=like.${code}*`;
  assert.equal((await call(`boxes?select=id,lids()&lids=is.null&${like}`, { method: "PATCH", token, body: { label: "bare" } })).status, 204);
  assert.equal(owner(`select string_agg(code, ',') from boxes where label = 'bare' and code like '${code}%'`), `${code}3`);
  const red = await service.from("boxes").update({ label: "red" }).like("code", `${code}%`).eq("lids.colour", "red").select("code, lids!inner(colour)");
  assert.deepEqual(red.data, [{ code: `${code}1`, lids: [{ colour: "red" }] }]);
  assert.equal(owner(`select string_agg(code, ',') from boxes where label = 'red' and code like '${code}%'`), `${code}1`);
  const removed = await service.from("boxes").delete().like("code", `${code}%`).is("lids", null).select("code, lids()");
  assert.deepEqual(removed.data, [{ code: `${code}3` }]);
  assert.equal(owner(`select string_agg(code, ',' order by code) from boxes where code like '${code}%'`), `${code}1,${code}2`);
});

test("[6 put] PUT writes the one row of its whole key", async () => {
  const a = Math.floor(Math.random() * 1e9);
  const put = (query: string, body: object) => call(`pairs?${query}`, { method: "PUT", token, body });
  assert.equal((await put(`a=eq.${a}&b=eq.1`, { a, b: 1, v: "x" })).status, 201);
  assert.equal((await put(`a=eq.${a}&b=eq.1`, { a, b: 1, v: "y" })).status, 204);
  assert.equal((await put(`a=eq.${a}&b=eq.1`, { a, b: 2, v: "z" })).json.code, "PGRST115");
  assert.equal(owner(`select string_agg(b || v, ',') from pairs where a = ${a}`), "1y");
});

test("[4 object minimal] a write for one object that returns nothing is rolled back as well", async () => {
  const code = tag("minimal");
  await service.from("boxes").insert([{ code: `${code}1` }, { code: `${code}2` }]);
  const headers = { Accept: "application/vnd.pgrst.object+json", Prefer: "return=minimal" };
  const removed = await call(`boxes?code=like.${code}*`, { method: "DELETE", token, headers });
  assert.deepEqual([removed.status, removed.json.code], [406, "PGRST116"]);
  assert.equal(owner(`select count(*) from boxes where code like '${code}%'`), "2");
  assert.equal((await call(`boxes?code=eq.${code}1`, { method: "DELETE", token, headers })).status, 204);
});
