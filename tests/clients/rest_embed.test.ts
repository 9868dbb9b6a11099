// Embedding: docs/spec/supabase-data-api.md 3.5, and embeds in 3.1, 3.3 and 3.4.
import assert from "node:assert/strict";
import { test } from "node:test";
import { anon, call, ids, person, service } from "./rest_support.ts";

test("[3.5 many-to-one] a key's target is an object, or null", async () => {
  const { data } = await anon.from("films").select("id, directors(name)").order("id");
  assert.deepEqual(data, [
    { id: 1, directors: { name: "Ada" } },
    { id: 2, directors: { name: "Ada" } },
    { id: 3, directors: { name: "Bo" } },
    { id: 4, directors: null },
  ]);
});

test("[3.5 one-to-many; 10.8] referring rows are an array, empty when there are none", async () => {
  const { data } = await anon.from("directors").select("id, films(id)").order("id").order("id", { referencedTable: "films" });
  assert.deepEqual(data, [
    { id: 1, films: [{ id: 1 }, { id: 2 }] },
    { id: 2, films: [{ id: 3 }] },
    { id: 3, films: [] },
  ]);
});

test("[3.5 one-to-one; 10.8] a key that is also the primary key makes an object on both sides", async () => {
  const { data } = await anon.from("films").select("id, technical(camera)").in("id", [1, 3]).order("id");
  assert.deepEqual(data, [
    { id: 1, technical: { camera: "Arri" } },
    { id: 3, technical: null },
  ]);
  const back = await anon.from("technical").select("camera, films(title)").eq("film_id", 2);
  assert.deepEqual(back.data, [{ camera: "Red", films: { title: "Beta" } }]);
});

test("[3.5 many-to-many] two keys within one primary key join their targets", async () => {
  const { data } = await anon.from("films").select("id, actors(name)").order("id").order("id", { referencedTable: "actors" });
  assert.deepEqual(data, [
    { id: 1, actors: [{ name: "Pat" }, { name: "Quin" }] },
    { id: 2, actors: [{ name: "Pat" }] },
    { id: 3, actors: [] },
    { id: 4, actors: [] },
  ]);
  const named = await anon.from("actors").select("name, films!roles(title)").eq("id", 2);
  assert.deepEqual(named.data, [{ name: "Quin", films: [{ title: 'Alpha, the "first"' }] }]);
});

test("[3.5 nested] embeds nest, several at once, with aliases and all columns", async () => {
  const { data } = await anon.from("directors").select("*, works:films(id, roles(character, who:actors(*)))").eq("id", 1).order("id", { referencedTable: "works" });
  assert.equal(data![0].name, "Ada");
  assert.deepEqual(data![0].works[0].roles.map((role: { character: string }) => role.character).sort(), ["hero", "villain"]);
  assert.deepEqual(data![0].works[1], { id: 2, roles: [{ character: "self", who: { id: 1, name: "Pat" } }] });
});

test("[3.5 views] keys are found through views, on either side", async () => {
  const { data, error } = await anon.from("films_brief").select("title, directors(name), technical(camera)").eq("id", 2);
  assert.equal(error, null);
  assert.deepEqual(data, [{ title: "Beta", directors: { name: "Ada" }, technical: { camera: "Red" } }]);
  const other = await anon.from("directors_brief").select("name, films_brief(id)").eq("id", 2);
  assert.deepEqual(other.data, [{ name: "Bo", films_brief: [{ id: 3 }] }]);
});

test("[3.5 functions] the result of a function that returns a table embeds as the table does", async () => {
  const { data, error } = await anon.rpc("films_of_year", { from_year: 2004 }).select("id, directors(name), actors(name)").order("id");
  assert.equal(error, null);
  assert.deepEqual(data, [
    { id: 2, directors: { name: "Ada" }, actors: [{ name: "Pat" }] },
    { id: 3, directors: { name: "Bo" }, actors: [] },
  ]);
});

test("[3.5 target column; 3.5 composite column; 3.5 target constraint] a target may be named by its column or its constraint", async () => {
  const { data, error } = await anon.from("films").select("id, director_id(name)").eq("id", 3);
  assert.equal(error, null);
  assert.deepEqual(data, [{ id: 3, director_id: { name: "Bo" } }]);
  assert.deepEqual((await call("films?select=by:films_director_fkey(name)&id=eq.3")).json, [{ by: { name: "Bo" } }]);
  assert.deepEqual((await call("showings?select=id,number(seats)&id=eq.1")).json, [{ id: 1, number: { seats: 100 } }]);
  assert.deepEqual((await call("orders?select=billing_id(city),shipping_id(city)&id=eq.1")).json, [
    { billing_id: { city: "Oslo" }, shipping_id: { city: "Rome" } },
  ]);
});

test("[3.5 composite key] a key of two columns embeds both ways", async () => {
  const { data } = await anon.from("showings").select("id, halls(seats)").order("id");
  assert.deepEqual(data!.map((row: any) => row.halls?.seats ?? null), [100, 50, 100, null]);
  const back = await anon.from("halls").select("number, showings(id)").eq("house", "Odeon").eq("number", 1).order("id", { referencedTable: "showings" });
  assert.deepEqual(back.data, [{ number: 1, showings: [{ id: 1 }, { id: 3 }] }]);
});

test("[3.5 several] two keys to one table are ambiguous: 300 with every way listed", async () => {
  const answer = await call("orders?select=id,addresses(city)");
  assert.equal(answer.status, 300);
  assert.equal(answer.json.code, "PGRST201");
  assert.equal(answer.json.details.length, 2);
  for (const detail of answer.json.details) assert.deepEqual(Object.keys(detail).sort(), ["cardinality", "embedding", "relationship"]);
  assert.match(answer.json.hint, /addresses!orders_(billing|shipping)_fkey/);
  assert.match(answer.json.message, /more than one relationship was found for 'orders' and 'addresses'/i);
});

test("[3.5 hint] a constraint, a column or a join table after `!` chooses", async () => {
  const { data } = await anon.from("orders").select("id, bill:addresses!orders_billing_fkey(city), ship:addresses!shipping_id(city)").order("id");
  assert.deepEqual(data, [
    { id: 1, bill: { city: "Oslo" }, ship: { city: "Rome" } },
    { id: 2, bill: { city: "Rome" }, ship: null },
  ]);
  const back = await anon.from("addresses").select("city, orders!orders_billing_fkey(id)").eq("id", 1);
  assert.deepEqual(back.data, [{ city: "Oslo", orders: [{ id: 1 }] }]);
});

test("[3.5 self] a table that refers to itself embeds upwards by column and downwards by hint", async () => {
  const up = await anon.from("employees").select("name, manager:manager_id(name)").order("id");
  assert.deepEqual(up.data!.map((row: any) => row.manager?.name ?? null), [null, "Root", "Root", "Left"]);
  const down = await call("employees?select=name,team:employees!manager_id(name)&id=eq.1&team.order=id");
  assert.deepEqual(down.json, [{ name: "Root", team: [{ name: "Left" }, { name: "Right" }] }], down.text);
});

test("[3.5 inner; 3.5 left] `!inner` drops parents without children, `!left` keeps them", async () => {
  assert.deepEqual(ids((await anon.from("films").select("id, directors!inner(name)").order("id")).data as any), [1, 2, 3]);
  assert.deepEqual(ids((await anon.from("films").select("id, directors!left(name)").order("id")).data as any), [1, 2, 3, 4]);
  assert.deepEqual(ids((await anon.from("films").select("id, actors!inner(id)").order("id")).data as any), [1, 2]);
  assert.deepEqual(ids((await anon.from("directors").select("id, films!films_director_fkey!inner(id)").order("id")).data as any), [1, 2]);
});

test("[3.5 filters] a filter on an embed restricts the children, and the parents when it is inner", async () => {
  const left = await anon.from("directors").select("id, films(id)").gt("films.year", 2000).order("id").order("id", { referencedTable: "films" });
  assert.deepEqual(left.data, [{ id: 1, films: [{ id: 2 }] }, { id: 2, films: [{ id: 3 }] }, { id: 3, films: [] }]);
  const inner = await anon.from("films").select("id, directors!inner()").eq("directors.name", "Ada").order("id");
  assert.deepEqual(ids(inner.data as any), [1, 2]);
});

test("[3.5 deeper filters] filters reach through several embeds", async () => {
  const answer = await call("directors?select=id,films!inner(id,roles!inner(character))&films.roles.character=eq.self&order=id");
  assert.deepEqual(answer.json, [{ id: 1, films: [{ id: 2, roles: [{ character: "self" }] }] }]);
});

test("[3.5 semi join; 3.5 is only] is.null and not.is.null on an embed are anti and semi joins; other operators are rejected", async () => {
  assert.deepEqual(ids((await call("films?select=id,actors()&actors=is.null&order=id")).json), [3, 4]);
  assert.deepEqual(ids((await call("films?select=id,actors()&actors=not.is.null&order=id")).json), [1, 2]);
  assert.deepEqual(ids((await call("films?select=id,technical(camera)&technical=is.null&order=id")).json), [3, 4]);
  assert.deepEqual(ids((await call("films?select=id,actors(),technical()&or=(actors.is.null,technical.not.is.null)&order=id")).json), [1, 2, 3, 4]);
  const wrong = await call("films?select=id,actors()&actors=eq.1");
  assert.equal(wrong.status, 400);
  assert.equal(wrong.json.code, "PGRST120");
});

test("[3.5 not embedded] a filter on a resource that is not embedded is PGRST108", async () => {
  const answer = await call("films?select=id&actors.name=eq.Pat");
  assert.equal(answer.status, 400);
  assert.equal(answer.json.code, "PGRST108");
  assert.equal(answer.json.message, "'actors' is not an embedded resource in this request");
});

test("[3.5 alias filters] with an alias a filter uses the alias or the table's name", async () => {
  for (const name of ["works", "films"]) {
    const answer = await call(`directors?select=id,works:films(id)&${name}.id=eq.2&id=eq.1`);
    assert.deepEqual(answer.json, [{ id: 1, works: [{ id: 2 }] }], name);
  }
});

test("[3.5 no relationship] unrelated tables answer PGRST200 in PostgREST's words", async () => {
  const answer = await call("films?select=id,kinds(id)");
  assert.equal(answer.status, 400);
  assert.equal(answer.json.code, "PGRST200");
  assert.equal(answer.json.message, "Could not find a relationship between 'films' and 'kinds' in the schema cache");
  assert.equal(
    answer.json.details,
    "Searched for a foreign key relationship between 'films' and 'kinds' in the schema 'public', but no matches were found.",
  );
  const hinted = await call("films?select=id,directors!nothing(id)");
  assert.equal(hinted.json.code, "PGRST200");
});

test("[3.5 auth.users] tables related only through auth.users do not embed", async () => {
  for (const path of ["projects?select=id,users(id)", "projects?select=id,profiles(id)"]) {
    const answer = await call(path, { token: process.env.SUPABASE_SERVICE_ROLE_KEY });
    assert.equal(answer.status, 400, path);
    assert.equal(answer.json.code, "PGRST200", path);
  }
});

test("[3.5 rls] an embed shows the same rows as its table does to the caller", async () => {
  const ada = await person();
  const bob = await person();
  const note = await ada.client.from("notes").insert({ body: "mine", is_public: true }).select("id").single();
  assert.equal(note.error, null);
  assert.equal((await ada.client.from("note_tags").insert([{ note_id: note.data!.id, tag: "x" }])).error, null);
  const own = await ada.client.from("notes").select("body, note_tags(tag)");
  assert.deepEqual(own.data, [{ body: "mine", note_tags: [{ tag: "x" }] }]);
  assert.deepEqual((await bob.client.from("notes").select("body, note_tags(tag)")).data, []);
  const seen = await bob.client.from("note_tags").select("tag, notes(body)");
  assert.deepEqual(seen.data, []);
  const refused = await anon.from("notes").select("body, note_tags(tag)");
  assert.equal(refused.error?.code, "42501");
  await service.from("notes").delete().eq("owner", ada.id);
});

test("[3.1 spread; 3.1 empty] a spread adds its columns to the parent; an empty embed shows nothing", async () => {
  const { data, error } = await anon.from("films").select("id, ...directors(director:name, country)").eq("id", 3);
  assert.equal(error, null);
  assert.deepEqual(data, [{ id: 3, director: "Bo", country: "SE" }]);
  assert.deepEqual((await call("films?select=id,...directors(name)&id=eq.4")).json, [{ id: 4, name: null }]);
  assert.deepEqual((await call("films?select=id,directors()&id=eq.1")).json, [{ id: 1 }]);
});

test("[3.4 embed] order, limit and offset on an embed are its own", async () => {
  const answer = await call("directors?select=id,films(id)&id=eq.1&films.order=id.desc&films.limit=1");
  assert.deepEqual(answer.json, [{ id: 1, films: [{ id: 2 }] }]);
  const skipped = await call("directors?select=id,films(id)&id=eq.1&films.order=id.desc&films.limit=1&films.offset=1");
  assert.deepEqual(skipped.json, [{ id: 1, films: [{ id: 1 }] }]);
  const { data } = await anon.from("directors").select("id, films(id)").eq("id", 1).order("id", { referencedTable: "films", ascending: false }).limit(1, { referencedTable: "films" });
  assert.deepEqual(data, [{ id: 1, films: [{ id: 2 }] }]);
});

test("[3.4 order rel; 3.4 order rel many] the parents order by a to-one embed only", async () => {
  const { data, error } = await anon.from("films").select("id, directors(name)").order("directors(name)", { ascending: false, nullsFirst: false }).order("id");
  assert.equal(error, null);
  assert.deepEqual(ids(data as any), [3, 1, 2, 4]);
  const many = await call("directors?select=id,films(id)&order=films(id)");
  assert.equal(many.status, 400);
  assert.equal(many.json.code, "PGRST118");
});

test("[3.3 on embed] a logic tree may belong to an embed", async () => {
  const answer = await call("directors?select=id,films(id)&id=eq.1&films.or=(id.eq.2,year.lt.1900)");
  assert.deepEqual(answer.json, [{ id: 1, films: [{ id: 2 }] }]);
  const { data } = await anon.from("directors").select("id, films(id)").eq("id", 1).or("id.eq.2,year.lt.1900", { referencedTable: "films" });
  assert.deepEqual(data, [{ id: 1, films: [{ id: 2 }] }]);
});
