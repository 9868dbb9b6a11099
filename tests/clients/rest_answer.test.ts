// Responses and preferences: docs/spec/supabase-data-api.md 4 and 5. `second` is a Tenon that allows tx=rollback.
import assert from "node:assert/strict";
import { test } from "node:test";
import { anon, call, ids, owner, service } from "./rest_support.ts";

const second = process.env.SECOND_URL!;
const object = { Accept: "application/vnd.pgrst.object+json" };

test("[4 json] rows come as a JSON array in UTF-8", async () => {
  const answer = await call("directors?order=id");
  assert.equal(answer.headers.get("content-type"), "application/json; charset=utf-8");
  assert.equal(answer.json.length, 3);
});

test("[4 types; 10.9] every type is written as to_json writes it", async () => {
  const answer = await call("kinds?id=eq.1");
  const expected = owner("select row_to_json(k) from kinds k where id = 1");
  assert.equal(answer.text, `[${expected}]`);
  assert.match(answer.text, /"i8":9007199254740993,/);
  assert.match(answer.text, /"tz":"2026-01-02T03:04:05.6\+00:00"/);
  assert.match((await call("films?select=released&id=eq.1")).text, /^\[\{"released":"2026-01-02T03:04:05.678901\+00:00"\}\]$/);
});

test("[4 types] embeds are written as to_json writes them", async () => {
  const answer = await call("directors?select=id,films(*)&id=eq.1&films.order=id");
  const expected = owner("select json_agg(f order by id) from films f where director_id = 1").replaceAll(/\n\s*/g, "").replaceAll(", {", ",{");
  assert.equal(answer.text.replaceAll(/\n\s*/g, "").replaceAll(", {", ",{"), `[{"id":1,"films":${expected}}]`);
});

test("[4 content range; 10.7] Content-Range has the page, and the total when a count was requested", async () => {
  const range = async (query: string, prefer?: string, method = "GET") => {
    const answer = await call(`bits_and_pieces?select=id&order=id&${query}`, { method, headers: prefer ? { Prefer: prefer } : {} });
    return `${answer.status} ${answer.headers.get("content-range")}`;
  };
  assert.equal(await range(""), "200 0-29/*");
  assert.equal(await range("limit=10&offset=5"), "200 5-14/*");
  assert.equal(await range("id=gt.99"), "200 */*");
  assert.equal(await range("id=gt.99", "count=exact"), "200 */0");
  assert.equal(await range("id=eq.1", "count=exact"), "200 0-0/1");
  assert.equal(await range("", "count=exact"), "200 0-29/30");
  assert.equal(await range("limit=10", "count=exact"), "206 0-9/30");
  assert.equal(await range("limit=10&offset=20", "count=exact"), "206 20-29/30");
  assert.equal(await range("limit=10", "count=exact", "HEAD"), "206 0-9/30");
});

test("[4 206] a partial page is 206 when a count was requested", async () => {
  const { status, count, data } = await anon.from("bits_and_pieces").select("id", { count: "exact" }).order("id").range(0, 4);
  assert.equal(status, 206);
  assert.equal(count, 30);
  assert.equal(data!.length, 5);
});

test("[4 416; 4 beyond] an offset beyond the total is 416 with an exact count, and an empty page without", async () => {
  const answer = await call("directors?offset=100", { headers: { Prefer: "count=exact" } });
  assert.equal(answer.status, 416);
  assert.deepEqual(answer.json, {
    code: "PGRST103",
    details: "An offset of 100 was requested, but there are only 3 rows.",
    hint: null,
    message: "Requested range not satisfiable",
  });
  const without = await call("directors?offset=100");
  assert.equal(without.status, 200);
  assert.deepEqual(without.json, []);
});

test("[4 object; 4 single] the object media type answers one object, or 406 PGRST116", async () => {
  const one = await call("directors?id=eq.1", { headers: object });
  assert.equal(one.status, 200);
  assert.match(one.headers.get("content-type")!, /^application\/vnd\.pgrst\.object\+json; charset=utf-8$/);
  assert.deepEqual(one.json, { id: 1, name: "Ada", country: "GB" });
  const none = await call("directors?id=eq.99", { headers: object });
  assert.equal(none.status, 406);
  assert.deepEqual(none.json, {
    code: "PGRST116",
    details: "The result contains 0 rows",
    hint: null,
    message: "Cannot coerce the result to a single JSON object",
  });
  const many = await anon.from("directors").select().single();
  assert.equal(many.status, 406);
  assert.equal(many.error?.code, "PGRST116");
  assert.equal(many.error?.details, "The result contains 3 rows");
  assert.equal((await anon.from("directors").select("name").eq("id", 2).single()).data?.name, "Bo");
});

test("[4 maybe single; 10.6] maybeSingle answers null for none, and PGRST116 for several", async () => {
  const none = await anon.from("directors").select().eq("id", 99).maybeSingle();
  assert.deepEqual([none.data, none.error], [null, null]);
  assert.equal((await anon.from("directors").select().eq("id", 1).maybeSingle()).data.name, "Ada");
  assert.equal((await anon.from("directors").select().maybeSingle()).error?.code, "PGRST116");
});

test("[4 object rolls back; 10.6] a write that does not return one object is rolled back", async () => {
  const code = `rolled-${process.pid}`;
  await service.from("boxes").insert([{ code: `${code}-1`, label: "one" }, { code: `${code}-2`, label: "one" }]);
  const updated = await service.from("boxes").update({ label: "two" }).like("code", `${code}%`).select().single();
  assert.equal(updated.status, 406);
  assert.equal(updated.error?.code, "PGRST116");
  assert.equal(updated.error?.details, "The result contains 2 rows");
  assert.equal(owner(`select string_agg(distinct label, ',') from boxes where code like '${code}%'`), "one");
  const removed = await service.from("boxes").delete().like("code", `${code}%`).select().single();
  assert.equal(removed.error?.code, "PGRST116");
  const made = await service.from("boxes").insert([{ code: `${code}-3` }, { code: `${code}-4` }]).select().single();
  assert.equal(made.error?.code, "PGRST116");
  assert.equal(owner(`select count(*) from boxes where code like '${code}%'`), "2");
  const none = await service.from("boxes").update({ label: "x" }).eq("code", "nobody's").select().single();
  assert.equal(none.error?.code, "PGRST116");
});

test("[4 nulls stripped] nulls=stripped drops null members from arrays and objects", async () => {
  const rows = await call("films?select=id,year,meta,frame&order=id&id=in.(1,4)", { headers: { Accept: "application/vnd.pgrst.array+json;nulls=stripped" } });
  assert.deepEqual(rows.json[1], { id: 4, meta: { kind: "long", size: "5" } });
  assert.ok(!("nil" in rows.json[0].meta));
  const { data } = await anon.from("directors").select().eq("id", 3).stripNulls().single();
  assert.deepEqual(data, { id: 3, name: "Cy" });
});

test("[4 csv] text/csv answers a header row and the rows", async () => {
  const { data } = await anon.from("directors").select("id, name, country").order("id").csv();
  assert.equal(data, "id,name,country\n1,Ada,GB\n2,Bo,SE\n3,Cy,");
  const quoted = await call("films?select=id,title&id=eq.1", { headers: { Accept: "text/csv" } });
  assert.equal(quoted.headers.get("content-type"), "text/csv; charset=utf-8");
  assert.equal(quoted.text, 'id,title\n1,"Alpha, the ""first"""');
});

test("[4 other media; 4 several media] an unknown media type is 406 PGRST107; of several the first acceptable counts", async () => {
  const unknown = await call("directors", { headers: { Accept: "image/png" } });
  assert.equal(unknown.status, 406);
  assert.equal(unknown.json.code, "PGRST107");
  assert.equal(unknown.json.message, "None of these media types are available: image/png");
  assert.equal((await call("directors", { headers: { Accept: "image/png, text/csv" } })).headers.get("content-type"), "text/csv; charset=utf-8");
  assert.equal((await call("directors", { headers: { Accept: "text/html, */*;q=0.5" } })).status, 200);
  assert.equal((await call("directors", { headers: { Accept: "application/vnd.pgrst.plan+json" } })).json.code, "PGRST107");
});

test("[4 head; 2 head] HEAD answers the same headers without a body", async () => {
  const { count, data, error, status } = await anon.from("bits_and_pieces").select("*", { count: "exact", head: true });
  assert.deepEqual([count, data, error, status], [30, null, null, 200]);
  const answer = await call("bits_and_pieces?limit=3", { method: "HEAD" });
  assert.equal(answer.text, "");
  assert.equal(answer.headers.get("content-range"), "0-2/*");
  assert.equal(answer.headers.get("content-type"), "application/json; charset=utf-8");
});

test("[4 prefer repeated] preferences may be comma-joined or in separate headers", async () => {
  const joined = await call("bits_and_pieces?limit=1", { headers: { Prefer: "count=exact,return=representation" } });
  assert.equal(joined.headers.get("content-range"), "0-0/30");
  const { request } = await import("node:http");
  const range = await new Promise((done, fail) => {
    const at = new URL(`${process.env.SUPABASE_URL}/rest/v1/bits_and_pieces?limit=1`);
    request(at, { headers: { apikey: process.env.SUPABASE_ANON_KEY!, Prefer: ["handling=lenient", "count=exact"] } }, (response) => {
      response.resume();
      done(response.headers["content-range"]);
    }).on("error", fail).end();
  });
  assert.equal(range, "0-0/30");
});

test("[5 count] exact, planned and estimated counts", async () => {
  assert.equal((await anon.from("bits_and_pieces").select("id", { count: "exact" }).gt("id", 10)).count, 20);
  owner("analyze bits_and_pieces");
  assert.equal((await anon.from("bits_and_pieces").select("id", { count: "planned" })).count, 30);
  assert.equal((await anon.from("bits_and_pieces").select("id", { count: "estimated" })).count, 30);
});

test("[5 applied] Preference-Applied lists what was honoured", async () => {
  const answer = await call("boxes", { method: "POST", token: process.env.SUPABASE_SERVICE_ROLE_KEY, body: { label: "applied" }, headers: { Prefer: "return=representation,count=exact,missing=default" } });
  assert.equal(answer.status, 201);
  const applied = answer.headers.get("preference-applied")!.split(",").map((one) => one.trim()).sort();
  assert.deepEqual(applied, ["count=exact", "missing=default", "return=representation"]);
});

test("[5 handling] an unknown preference is ignored, or rejected under handling=strict", async () => {
  assert.equal((await call("directors", { headers: { Prefer: "foo, handling=lenient" } })).status, 200);
  const strict = await call("directors", { headers: { Prefer: "handling=strict, foo" } });
  assert.equal(strict.status, 400);
  assert.equal(strict.json.code, "PGRST122");
  assert.equal(strict.json.details, "Invalid preferences: foo");
});

test("[5 max affected] more rows than max-affected are rolled back, under strict handling", async () => {
  const code = `max-${process.pid}`;
  await service.from("boxes").insert([{ code: `${code}-1` }, { code: `${code}-2` }]);
  const over = await service.from("boxes").update({ label: "over" }).like("code", `${code}%`).maxAffected(1);
  assert.equal(over.status, 400);
  assert.equal(over.error?.code, "PGRST124");
  const removed = await service.from("boxes").delete().like("code", `${code}%`).maxAffected(1);
  assert.equal(removed.error?.code, "PGRST124");
  assert.equal(owner(`select count(*) from boxes where code like '${code}%' and label <> 'over'`), "2");
  assert.equal((await service.from("boxes").update({ label: "fine" }).like("code", `${code}%`).maxAffected(2)).status, 204);
});

test("[5 tx] tx=rollback is ignored unless it is allowed; then the response is complete and nothing is kept", async () => {
  const token = process.env.SUPABASE_SERVICE_ROLE_KEY;
  const label = `tx-${process.pid}`;
  const headers = { Prefer: "return=representation,tx=rollback" };
  const kept = await call("boxes", { method: "POST", token, body: { label }, headers });
  assert.equal(kept.json[0].label, label);
  assert.equal(kept.headers.get("preference-applied"), "return=representation");
  assert.equal(owner(`select count(*) from boxes where label = '${label}'`), "1");
  const gone = await call("boxes", { method: "POST", token: process.env.SECOND_SERVICE_ROLE_KEY, body: { label }, headers, at: second });
  assert.equal(gone.status, 201, gone.text);
  assert.equal(gone.json[0].label, label);
  assert.match(gone.headers.get("preference-applied")!, /tx=rollback/);
  const after = await call(`boxes?select=id&label=eq.${label}`, { token: process.env.SECOND_SERVICE_ROLE_KEY, at: second });
  assert.deepEqual(ids(after.json), []);
});

test("[4 no 503] a permanent error is never 503, which clients would retry", async () => {
  for (const path of ["nothing_here", "rpc/nothing_here", "films?id=eq.x", "hidden"]) assert.notEqual((await call(path)).status, 503, path);
});

test("[4 416 exact] a planned or estimated count rejects no page", async () => {
  for (const count of ["planned", "estimated"]) {
    const answer = await call("directors?offset=1000", { headers: { Prefer: `count=${count}` } });
    assert.deepEqual([answer.status, answer.json], [206, []], count);
  }
});

test("[4 head] HEAD has the content type and the errors of GET", async () => {
  for (const Accept of ["text/csv", object.Accept]) {
    const [got, headed] = await Promise.all(["GET", "HEAD"].map((method) => call("directors?id=eq.1", { method, headers: { Accept } })));
    assert.deepEqual([headed.status, headed.headers.get("content-type")], [got.status, got.headers.get("content-type")]);
  }
  assert.equal((await call("directors", { method: "HEAD", headers: object })).status, 406);
});

test("[3.1 aggregates] where REST_AGGREGATES allows them, aggregates group by the other columns", async () => {
  const select = async (query: string) => (await call(query, { at: second })).json;
  assert.deepEqual(await select("films?select=count()"), [{ count: 4 }]);
  assert.deepEqual(await select("films?select=director_id,total:id.sum()&director_id=not.is.null&order=director_id"), [{ director_id: 1, total: 3 }, { director_id: 2, total: 3 }]);
  assert.deepEqual(await select("films?select=year.max(),first:year.min()"), [{ max: 2010, first: 1999 }]);
  assert.deepEqual(await select("films?select=rating.avg()::int"), [{ avg: 7 }]);
  assert.deepEqual(await select("directors?select=name,films(count())&order=id"), [
    { name: "Ada", films: [{ count: 2 }] },
    { name: "Bo", films: [{ count: 1 }] },
    { name: "Cy", films: [{ count: 0 }] },
  ]);
});

test("[3.1 computed] a function of the row is selected, filtered and ordered by as a column", async () => {
  assert.deepEqual((await call("directors?select=id,loud_name&order=loud_name.desc&limit=1")).json, [{ id: 3, loud_name: "CY" }]);
  assert.deepEqual((await call("directors?select=id&loud_name=eq.BO")).json, [{ id: 2 }]);
});
