#include "rest/response/openapi.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/json.h"

namespace rest {
namespace {

using core::JsonWriter;

struct OpenApiType {
  std::string_view type;
  bool is_array = false;
};

OpenApiType openapi_type(std::string_view type) {
  if (type.ends_with("[]")) return {openapi_type(type.substr(0, type.size() - 2)).type, true};
  if (type == "smallint" || type == "integer" || type == "bigint") return {"integer"};
  if (type == "boolean") return {"boolean"};
  if (type == "real" || type == "double precision" || type.starts_with("numeric")) return {"number"};
  if (type == "json" || type == "jsonb") return {""};
  return {"string"};
}

void write_type(JsonWriter& w, std::string_view type) {
  const OpenApiType known = openapi_type(type);
  w.field("format", type);
  if (known.is_array) {
    w.field("type", "array").key("items").begin().field("type", known.type.empty() ? "string" : known.type).end();
  } else if (!known.type.empty()) {
    w.field("type", known.type);
  }
}

const Relationship* key_of(const SchemaCache& schema_cache, const Table& table, std::string_view column) {
  for (const Relationship& one : schema_cache.relationships(table))
    if (one.key_is_here && one.from_columns.size() == 1 && one.from_columns[0] == column && !one.to->is_view)
      return &one;
  return nullptr;
}

std::string description(const SchemaCache& schema_cache, const Table& table, const TableColumn& column) {
  std::string out = column.comment;
  const auto note = [&out](std::string text) {
    if (!out.empty()) out += "\n\n";
    out += "Note:\n" + text;
  };
  if (std::ranges::find(table.primary_key, column.name) != table.primary_key.end()) note("This is a Primary Key.<pk/>");
  if (const Relationship* const key = key_of(schema_cache, table, column.name))
    note(fmt::format("This is a Foreign Key to `{0}.{1}`.<fk table='{0}' column='{1}'/>", key->to->name,
                     key->to_columns[0]));
  return out;
}

void write_definition(JsonWriter& w, const SchemaCache& schema_cache, const Table& table) {
  w.begin();
  if (!table.comment.empty()) w.field("description", table.comment);
  w.key("required").begin_array();
  for (const TableColumn& column : table.columns)
    if (!column.nullable) w.value(column.name);
  w.end_array().key("properties").begin();
  for (const TableColumn& column : table.columns) {
    w.key(column.name).begin();
    if (!column.default_text.empty()) w.field("default", column.default_text);
    if (const std::string text = description(schema_cache, table, column); !text.empty()) w.field("description", text);
    if (!column.labels.empty()) {
      w.key("enum").begin_array();
      for (const std::string& label : column.labels) w.value(label);
      w.end_array();
    }
    write_type(w, column.type);
    w.end();
  }
  w.end().field("type", "object").end();
}

void reference(JsonWriter& w, std::string_view to) { w.begin().field("$ref", to).end(); }

void parameters(JsonWriter& w, std::initializer_list<std::string> common) {
  for (const std::string& one : common) reference(w, fmt::format("#/parameters/{}", one));
}

void filters(JsonWriter& w, const Table& table) {
  for (const TableColumn& column : table.columns)
    reference(w, fmt::format("#/parameters/rowFilter.{}.{}", table.name, column.name));
}

void responses(JsonWriter& w, std::string_view status, std::string_view text) {
  w.key("responses").begin().key(status).begin().field("description", text).end().end();
}

void write_path(JsonWriter& w, const Table& table, const Privileges::Rights& may) {
  const auto verb = [&](std::string_view name) {
    w.key(name).begin().key("tags").begin_array().value(table.name).end_array().key("parameters").begin_array();
  };
  w.begin();
  if (may.reads) {
    verb("get");
    filters(w, table);
    parameters(w, {"select", "order", "range", "rangeUnit", "offset", "limit", "preferCount"});
    w.end_array().key("responses").begin().key("200").begin().field("description", "OK").key("schema").begin();
    w.key("items").begin().field("$ref", "#/definitions/" + table.name).end().field("type", "array").end().end();
    w.key("206").begin().field("description", "Partial Content").end().end().end();
  }
  if (may.inserts) {
    verb("post");
    parameters(w, {"body." + table.name, "select", "preferPost"});
    w.end_array();
    responses(w, "201", "Created");
    w.end();
  }
  if (may.deletes) {
    verb("delete");
    filters(w, table);
    parameters(w, {"preferReturn"});
    w.end_array();
    responses(w, "204", "No Content");
    w.end();
  }
  if (may.updates) {
    verb("patch");
    filters(w, table);
    parameters(w, {"body." + table.name, "preferReturn"});
    w.end_array();
    responses(w, "204", "No Content");
    w.end();
  }
  w.end();
}

void write_function(JsonWriter& w, const Routine& f) {
  const auto tags = [&] { w.key("tags").begin_array().value("(rpc) " + f.name).end_array(); };
  w.begin();
  if (!f.is_volatile) {
    w.key("get").begin();
    tags();
    if (!f.comment.empty()) w.field("summary", f.comment);
    w.key("parameters").begin_array();
    for (const RoutineParam& argument : f.params) {
      w.begin().field("name", argument.name).field("in", "query").field("required", argument.required);
      write_type(w, argument.type);
      w.end();
    }
    w.end_array();
    responses(w, "200", "OK");
    w.end();
  }
  w.key("post").begin();
  tags();
  if (!f.comment.empty()) w.field("summary", f.comment);
  w.key("parameters").begin_array().begin().field("in", "body").field("name", "args").field("required", true);
  w.key("schema").begin().field("type", "object").key("required").begin_array();
  for (const RoutineParam& argument : f.params)
    if (argument.required) w.value(argument.name);
  w.end_array().key("properties").begin();
  for (const RoutineParam& argument : f.params) {
    w.key(argument.name).begin();
    write_type(w, argument.type);
    w.end();
  }
  w.end().end().end();
  parameters(w, {"preferParams"});
  w.end_array();
  responses(w, "200", "OK");
  w.end().end();
}

struct Common {
  std::string_view key, name, in, description;
};
constexpr Common kCommon[] = {
    {"preferParams", "Prefer", "header", "Preference"},
    {"preferReturn", "Prefer", "header", "Preference"},
    {"preferCount", "Prefer", "header", "Preference"},
    {"preferPost", "Prefer", "header", "Preference"},
    {"select", "select", "query", "Filtering Columns"},
    {"on_conflict", "on_conflict", "query", "On Conflict"},
    {"order", "order", "query", "Ordering"},
    {"range", "Range", "header", "Limiting and Pagination"},
    {"rangeUnit", "Range-Unit", "header", "Limiting and Pagination"},
    {"offset", "offset", "query", "Limiting and Pagination"},
    {"limit", "limit", "query", "Limiting and Pagination"},
};

void write_parameters(JsonWriter& w, const std::vector<const Table*>& tables) {
  for (const Common& one : kCommon)
    w.key(one.key)
        .begin()
        .field("name", one.name)
        .field("in", one.in)
        .field("description", one.description)
        .field("required", false)
        .field("type", "string")
        .end();
  for (const Table* table : tables) {
    w.key("body." + table->name).begin().field("name", table->name).field("in", "body").field("required", false);
    w.field("description", table->comment.empty() ? table->name : table->comment);
    w.key("schema").begin().field("$ref", "#/definitions/" + table->name).end().end();
    for (const TableColumn& column : table->columns) {
      w.key(fmt::format("rowFilter.{}.{}", table->name, column.name)).begin().field("name", column.name);
      w.field("in", "query").field("required", false).field("format", column.type).field("type", "string").end();
    }
  }
}

}  // namespace

std::string openapi_document(const SchemaCache& schema_cache, std::string_view schema, const Privileges& privileges,
                             std::string_view origin) {
  const std::size_t scheme = origin.find("://");
  const std::string_view host = scheme == std::string_view::npos ? origin : origin.substr(scheme + 3);
  std::vector<const Table*> tables;
  for (const auto& [key, table] : schema_cache.tables())
    if (const auto may = privileges.tables.find(table.oid);
        key.first == schema && may != privileges.tables.end() && may->second.any())
      tables.push_back(&table);
  JsonWriter w;
  w.begin().field("swagger", "2.0").key("info").begin().field("title", "Tenon data API");
  w.field("description", "The tables, views and functions that this key may use.").field("version", "1.0").end();
  w.field("host", host).field("basePath", "/rest/v1");
  w.key("schemes").begin_array().value(origin.starts_with("https") ? "https" : "http").end_array();
  for (const char* which : {"consumes", "produces"}) {
    w.key(which).begin_array().value("application/json").value("application/vnd.pgrst.object+json");
    w.value("application/vnd.pgrst.object+json;nulls=stripped").value("text/csv").end_array();
  }
  w.key("paths")
      .begin()
      .key("/")
      .begin()
      .key("get")
      .begin()
      .key("tags")
      .begin_array()
      .value("Introspection")
      .end_array();
  w.field("summary", "OpenAPI description (this document)");
  w.key("produces").begin_array().value("application/openapi+json").value("application/json").end_array();
  responses(w, "200", "OK");
  w.end().end();
  for (const Table* table : tables) {
    w.key("/" + table->name);
    write_path(w, *table, privileges.tables.at(table->oid));
  }
  std::string last;  // of overloads the first stands for all: a path is there once
  for (const auto& [key, function] : schema_cache.all_routines()) {
    if (key.first != schema || !privileges.routines.contains(function.oid) || function.name == last) continue;
    last = function.name;
    w.key("/rpc/" + function.name);
    write_function(w, function);
  }
  w.end().key("definitions").begin();
  for (const Table* table : tables) {
    w.key(table->name);
    write_definition(w, schema_cache, *table);
  }
  w.end().key("parameters").begin();
  write_parameters(w, tables);
  w.end()
      .key("externalDocs")
      .begin()
      .field("description", "PostgREST documentation")
      .field("url", "https://postgrest.org");
  w.end().end();
  return w.take();
}

}  // namespace rest
