// Reading one table: docs/spec/supabase-data-api.md 3.1 to 3.4. Brackets name the lines of the specification that a test
// covers.
import assert from "node:assert/strict";
import { test } from "node:test";
import { anon, call, ids } from "./rest_support.ts";

// The ids that `films` returns for these filters, in order.
async function films(query: string): Promise<number[]> {
  const answer = await call(`films?select=id&order=id&${query}`);
  assert.equal(answer.status, 200, `${query}: ${answer.text}`);
  return ids(answer.json);
}

test("[2 read; 3.1 default] a table without parameters answers all columns of all rows", async () => {
  const { data, error, status } = await anon.from("directors").select().order("id");
  assert.equal(error, null);
  assert.equal(status, 200);
  assert.deepEqual(data, [
    { id: 1, name: "Ada", country: "GB" },
    { id: 2, name: "Bo", country: "SE" },
    { id: 3, name: "Cy", country: null },
  ]);
  assert.deepEqual((await call("directors?order=id")).json, data);
});

test("[3.1 alias; 3.1 cast] aliases name the members, casts change their type", async () => {
  const { data } = await anon.from("films").select("key:id::text, Name:title, year::text").eq("id", 1);
  assert.deepEqual(data, [{ key: "1", Name: 'Alpha, the "first"', year: "1999" }]);
});

test("[3.1 json path; 3.1 array index; 3.1 key name] arrows extract from JSON and name the member by the last key", async () => {
  const { data } = await anon.from("films").select("meta->size, meta->>kind, meta->list->0, meta->list->1->>x, deep:meta->list->1->x").eq("id", 1);
  assert.deepEqual(data, [{ size: 5, kind: "short", list: 1, x: "y", deep: "y" }]);
});

test("[3.1 to_jsonb] arrows work on composites and arrays by to_jsonb", async () => {
  const answer = await call("films?select=frame->width,frame->>label,tags->0&id=eq.1");
  assert.deepEqual(answer.json, [{ width: 16, label: "wide", tags: "a" }]);
  assert.deepEqual((await call("films?select=id&frame->>label=eq.wide")).json, [{ id: 1 }]);
});

test("[3.1 white space] white space between the parts of select is not part of a name", async () => {
  assert.deepEqual((await call("films?select=%20id%20,%20title%20&id=eq.2")).json, [{ id: 2, title: "Beta" }]);
  assert.deepEqual((await anon.from("films").select("id,\n  title").eq("id", 2)).data, [{ id: 2, title: "Beta" }]);
});

test("[3.1 aggregates off] an aggregate is rejected unless it is allowed", async () => {
  const answer = await call("films?select=count()");
  assert.equal(answer.status, 400);
  assert.equal(answer.json.code, "PGRST123");
});

test("[2 identifiers; 3 reserved] names with reserved characters come in double quotes, percent-encoded", async () => {
  const table = encodeURIComponent("odd, (table)");
  const select = encodeURIComponent('"a b","c,d","e\\"f","ü.x","select","order"');
  const answer = await call(`${table}?select=${select}`);
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(answer.json, [{ "a b": "one", "c,d": "two", 'e"f': "three", "ü.x": "four", select: "five", order: 6 }]);
  const filtered = await call(`${table}?select=id&${encodeURIComponent('"c,d"')}=eq.two&${encodeURIComponent('"ü.x"')}=eq.four`);
  assert.deepEqual(filtered.json, [{ id: 1 }]);
  const { data } = await anon.from("odd, (table)").select('"a b"').eq("a b", "one").order("a b");
  assert.deepEqual(data, [{ "a b": "one" }]);
});

test("[3 reserved] an apikey in the query is not a filter", async () => {
  const answer = await call(`directors?select=id&id=eq.1&apikey=${process.env.SUPABASE_ANON_KEY}`);
  assert.deepEqual(answer.json, [{ id: 1 }]);
});

test("[3 unknown column] a filter on an unknown column is 42703", async () => {
  const answer = await call("directors?nothing=eq.1");
  assert.equal(answer.status, 400);
  assert.equal(answer.json.code, "42703");
  assert.match(answer.json.message, /nothing/);
});

// Spec keys, query, ids.
const operators: [string, string, number[]][] = [
  ["3.2 eq", "id=eq.2", [2]],
  ["3.2 neq", "id=neq.2", [1, 3, 4]],
  ["3.2 gt", "year=gt.1999", [2, 3]],
  ["3.2 gte", "year=gte.1999", [1, 2, 3]],
  ["3.2 lt", "rating=lt.7", [4]],
  ["3.2 lte", "rating=lte.7", [2, 4]],
  ["3.2 like", "title=like.*a", [2]],
  ["3.2 like", "title=like.%25a%25", [1, 2, 3, 4]],
  ["3.2 ilike", "title=ilike.ALPHA*", [1]],
  ["3.2 match", "title=match.^[BG]", [2, 3]],
  ["3.2 imatch", "title=imatch.^[bg]", [2, 3]],
  ["3.2 is", "year=is.null", [4]],
  ["3.2 is", "year=is.not_null", [1, 2, 3]],
  ["3.2 is", "year=not.is.NULL", [1, 2, 3]],
  ["3.2 in", "id=in.(1,3)", [1, 3]],
  ["3.2 in", "mood=in.(calm,tense)", [1, 2]],
  ["3.2 in quoted", `title=in.(Beta,"Alpha, the \\"first\\"")`, [1, 2]],
  ["3.2 in quoted", `title=in.("Gamma (x)",Beta)`, [2, 3]],
  ["3.2 in empty", "id=in.()", []],
  ["3.2 isdistinct", "year=isdistinct.1999", [2, 3, 4]],
  ["3.2 cs", "tags=cs.{b}", [1, 2]],
  ["3.2 cs", 'meta=cs.{"kind":"long"}', [2, 4]],
  ["3.2 cs", "on_screen=cs.[2026-01-15,2026-01-16)", [1]],
  ["3.2 cd", "tags=cd.{a,b,c}", [1, 2, 3]],
  ["3.2 cd", "on_screen=cd.[2026-01-01,2026-02-01)", [1, 3]],
  ["3.2 ov", "tags=ov.{a,c}", [1, 2]],
  ["3.2 ov", "on_screen=ov.[2026-01-20,2026-02-10)", [1, 2]],
  ["3.2 sl", "on_screen=sl.[2026-02-01,2026-03-01)", [1]],
  ["3.2 sr", "on_screen=sr.[2026-01-01,2026-02-01)", [2]],
  ["3.2 nxl", "on_screen=nxl.[2026-02-01,2026-02-10)", [2]],
  ["3.2 nxr", "on_screen=nxr.[2026-01-01,2026-02-01)", [1]],
  ["3.2 adj", "on_screen=adj.[2026-03-01,2026-04-01)", [2]],
  ["3.2 fts", "about=fts.fox", [1, 3]],
  ["3.2 fts wrapped", "about=fts(english).fox", [1, 3]],
  ["3.2 fts config", "about=fts(simple).foxes", [1, 3]],
  ["3.2 fts config", "about=fts(simple).fox", []],
  ["3.2 plfts", "about=plfts.lazy dogs", [2]],
  ["3.2 phfts", "about=phfts(english).brown foxes", [1]],
  ["3.2 wfts", "about=wfts(english).foxes -brown", [3]],
  ["3.2 and together", "id=gt.1&id=lt.4&mood=eq.tense", [2]],
  ["3.2 not", "id=not.eq.2", [1, 3, 4]],
  ["3.2 not", "id=not.in.(1,2)", [3, 4]],
  ["3.2 json left", "meta->>kind=eq.long", [2, 4]],
  ["3.2 json left", "meta->size=gt.5", [2]],
  ["3.2 quantifiers", "title=like(any).{*a,delta*}", [2, 4]],
  ["3.2 quantifiers", "title=ilike(all).{*A*,B*}", [2]],
  ["3.2 quantifiers", "id=eq(any).{1,3}", [1, 3]],
  ["3.2 quantifiers", "rating=gte(all).{7,8}", [1]],
  ["3.2 quantifiers", "title=match(any).{^B,^G}", [2, 3]],
  ["3.2 value whole", 'title=eq.Alpha, the "first"', [1]],
  ["3.2 value whole", "title=eq.Gamma (x)", [3]],
  ["3.2 value whole", "title=eq.delta_50%25", [4]],
  ["3.2 untyped; 10.2", "budget=eq.9007199254740993", [1]],
  ["3.2 untyped; 10.2", "budget=gt.9", [1, 2, 3]],
  ["3.2 untyped; 10.2", "rating=eq.8.50", [1]],
  ["3.2 untyped; 10.2", "released=eq.2026-01-02T04:04:05.678901%2B01:00", [1]],
  ["3.2 untyped; 10.2", "mood=gt.calm", [2, 3]],
  ["3.2 untyped; 10.2", "released=eq.infinity", [4]],
  ["3.3 or", "or=(id.eq.1,title.eq.Beta)", [1, 2]],
  ["3.3 and", "and=(id.gt.1,id.lt.4)", [2, 3]],
  ["3.3 not.or", "not.or=(id.eq.1,id.eq.2)", [3, 4]],
  ["3.3 not.and", "not.and=(id.gt.1,id.lt.4)", [1, 4]],
  ["3.3 nested", "or=(id.eq.1,and(year.gt.2000,or(rating.is.null,id.eq.99)))", [1, 3]],
  ["3.3 inner not", "or=(year.not.is.null,not.and(id.gt.0,id.lt.9))", [1, 2, 3]],
  ["3.3 inner not", "and=(not.or(id.eq.1,id.eq.2),id.lt.4)", [3]],
  ["3.3 quoted", 'or=(title.eq."Alpha, the \\"first\\"",title.eq."Gamma (x)")', [1, 3]],
  ["3.3 balanced", "or=(id.in.(1,2),tags.cs.{\"c d\"},on_screen.ov.[2026-02-10,2026-02-11))", [1, 2, 4]],
  ["3.3 balanced", "or=(meta->>kind.eq.short,meta->size.eq.50)", [1, 2]],
  ["3.3 and", "or=(id.eq.1,id.eq.2)&or=(id.eq.2,id.eq.3)", [2]],
  ["10.3", "title=eq.Gamma+(x)", [3]],
  ["10.3", "title=eq.Gamma%20%28x%29", [3]],
];

for (const [keys, query, expected] of operators)
  test(`[${keys}] ?${query}`, async () => {
    assert.deepEqual(await films(query.replaceAll('"', "%22")), expected);
  });

test("[10.3] a plus sign, a percent sign and quotes in a value are decoded once", async () => {
  const rows = [
    { id: 9001, part: "a+b" },
    { id: 9002, part: "50%25" },
    { id: 9003, part: `say "hi" (you)` },
  ];
  const { service } = await import("./rest_support.ts");
  assert.equal((await service.from("loose").insert(rows.map((row) => ({ v: row.part, w: row.id })))).error, null);
  for (const row of rows) {
    const { data } = await service.from("loose").select("w").eq("v", row.part);
    assert.deepEqual(data, [{ w: row.id }], row.part);
    assert.deepEqual((await service.from("loose").select("w").in("v", [row.part, "x"])).data, [{ w: row.id }], row.part);
  }
  await service.from("loose").delete().gte("w", 9001);
});

test("[3.2 eq; 3.2 in; 3.2 not; 3.3 or] the client's filter methods are equivalent", async () => {
  const title = 'Alpha, the "first"';
  const select = () => anon.from("films").select("id").order("id");
  assert.deepEqual(ids((await select().eq("title", title)).data), [1]);
  assert.deepEqual(ids((await select().in("title", [title, "Gamma (x)"])).data), [1, 3]);
  assert.deepEqual(ids((await select().not("id", "in", "(1,2)")).data), [3, 4]);
  assert.deepEqual(ids((await select().or("id.eq.1,and(year.gt.2000,rating.is.null)")).data), [1, 3]);
  assert.deepEqual(ids((await select().contains("tags", ["b"])).data), [1, 2]);
  assert.deepEqual(ids((await select().contains("meta", { kind: "long" })).data), [2, 4]);
  assert.deepEqual(ids((await select().overlaps("tags", ["a", "c"])).data), [1, 2]);
  assert.deepEqual(ids((await select().containedBy("tags", ["a", "b", "c"])).data), [1, 2, 3]);
  assert.deepEqual(ids((await select().rangeLt("on_screen", "[2026-02-01,2026-03-01)")).data), [1]);
  assert.deepEqual(ids((await select().textSearch("about", "'fox' & 'quick'", { config: "english" })).data), [1]);
  assert.deepEqual(ids((await select().textSearch("about", "lazy dog", { type: "websearch" })).data), [2]);
  assert.deepEqual(ids((await select().likeAnyOf("title", ["*a", "delta*"])).data), [2, 4]);
  assert.deepEqual(ids((await select().match({ mood: "tense", year: 2004 })).data), [2]);
  assert.deepEqual(ids((await select().filter("meta->>kind", "eq", "long")).data), [2, 4]);
  assert.deepEqual(ids((await select().is("year", null)).data), [4]);
});

test("[3.2 bad cast] a value that does not fit its column is 22P02", async () => {
  for (const query of ["id=eq.x", "mood=eq.furious", "released=gt.soon", "id=in.(1,x)"]) {
    const answer = await call(`films?${query}`);
    assert.equal(answer.status, 400, query);
    assert.match(answer.json.code, /^22P02|^22007/, query);
  }
  const uuid = await call("kinds?u=eq.x");
  assert.deepEqual(uuid.json, { code: "22P02", details: null, hint: null, message: 'invalid input syntax for type uuid: "x"' });
});

test("[3.2 is values] `is` takes null, not_null, true, false and unknown, in any case, and nothing else", async () => {
  for (const word of ["null", "not_null", "true", "FALSE", "Unknown"]) assert.equal((await call(`kinds?b=is.${word}`)).status, 200, word);
  assert.deepEqual(ids((await call("kinds?select=id&b=is.true")).json), [1]);
  assert.deepEqual(ids((await call("kinds?select=id&b=is.unknown")).json), [2]);
  for (const word of ["1", "maybe", "nul", "null0"]) {
    const answer = await call(`kinds?b=is.${word}`);
    assert.equal(answer.status, 400, word);
    assert.equal(answer.json.code, "PGRST100", word);
  }
});

test("[3.2 syntax error] an unknown operator or broken syntax answers PGRST100 with message and details", async () => {
  const answer = await call("films?id=xx.1");
  assert.equal(answer.status, 400);
  assert.equal(answer.json.code, "PGRST100");
  assert.equal(answer.json.message, '"failed to parse filter (xx.1)" (line 1, column 1)');
  assert.match(answer.json.details, /^unexpected /);
  for (const query of ["id=1", "or=(id.eq.1", "or=id.eq.1", "and=()", "order=id.up", "select=id,,title", "select=actors(", "id=in.1", "limit=x"])
    assert.equal((await call(`films?${query}`)).json?.code, "PGRST100", query);
});

test("[3.4 order; 3.4 nulls; 3.4 order json] order takes directions, nulls, several columns and JSON paths", async () => {
  const order = async (text: string) => ids((await call(`films?select=id&order=${text}`)).json);
  assert.deepEqual(await order("year.asc"), [1, 2, 3, 4]);
  assert.deepEqual(await order("year.desc"), [4, 3, 2, 1]);
  assert.deepEqual(await order("year.desc.nullslast"), [3, 2, 1, 4]);
  assert.deepEqual(await order("year.nullsfirst"), [4, 1, 2, 3]);
  assert.deepEqual(await order("director_id.desc.nullslast,id.desc"), [3, 2, 1, 4]);
  assert.deepEqual(await order("meta->>kind.desc.nullslast,id"), [1, 2, 4, 3]);
  const { data } = await anon.from("films").select("id").order("year", { ascending: false, nullsFirst: false }).order("id");
  assert.deepEqual(ids(data), [3, 2, 1, 4]);
});

test("[3.4 limit offset] limit and offset cut the page, and neither may be negative", async () => {
  assert.deepEqual(ids((await call("films?select=id&order=id&limit=2&offset=1")).json), [2, 3]);
  assert.deepEqual((await call("films?limit=0")).json, []);
  for (const query of ["limit=-1", "offset=-1", "limit=1.5"]) {
    const status = (await call(`films?${query}`)).status;
    assert.ok(status === 400 || status === 416, `${query}: ${status}`);
  }
  const { data } = await anon.from("films").select("id").order("id").range(1, 2);
  assert.deepEqual(ids(data), [2, 3]);
});

test("[3.4 range header; 3.4 query wins] a Range header is a limit and an offset, and parameters narrow it", async () => {
  const ranged = async (range: string, more = "") =>
    await call(`bits_and_pieces?select=id&order=id${more}`, { headers: { "Range-Unit": "items", Range: range } });
  const first = await ranged("0-9");
  assert.deepEqual(ids(first.json), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  assert.equal(first.headers.get("content-range"), "0-9/*");
  assert.deepEqual([first.status, (await ranged("0-29")).status, (await ranged("28-")).status], [206, 200, 206]);
  assert.deepEqual(ids((await ranged("28-")).json), [29, 30]);
  assert.deepEqual(ids((await ranged("0-9", "&limit=3")).json), [1, 2, 3]);
  const wrong = await ranged("5-2");
  assert.equal(wrong.status, 416);
  assert.equal(wrong.json.code, "PGRST103");
});
