// The data of templates that show a project and its files.
#include "core/json.h"
#include "html/format.h"
#include "projects/pages.h"

namespace projects {

namespace {

constexpr std::int64_t kThumbnailSeconds = 3600;

// One text field of a file: its form field is called `<field>.<asset id>`.
html::Data field_view(const std::string& field, const std::string& value, const Asset& asset,
                      const std::string& file_name, std::string_view locale) {
  const std::string name = field + "." + asset.id.str();
  const std::string key = "pipeline.field." + field;
  return html::Data{}
      .set("id", "f-" + name)
      .set("field", name)
      .set("value", value)
      .set("label", html::text(locale, key))
      .set("label_of", html::text(locale, key + ".of", {{"name", file_name}}))
      .set("longest", std::to_string(kLongestField));
}

html::Data input_view(const Projects& projects, const Project& project, const Asset& asset, Editing editing,
                      std::string_view locale) {
  const core::Json meta = core::Json::parse(asset.meta.text).value_or(core::Json{});
  const std::string name = meta["name"].string_or("");
  const bool image = meta["mime"].string_or("").starts_with("image/");
  html::Rows fields;
  std::string description;
  for (const std::string& field : projects.rules.fields) {
    const std::string value = meta[field].string_or("");
    if (description.empty()) description = value;
    fields.push_back(field_view(field, value, asset, name, locale));
  }
  html::Data row;
  row.set("project_id", project.id.str()).set("asset_id", asset.id.str());
  row.set("name", name).set("description", description.empty() ? name : description);
  row.set("size", html::bytes(static_cast<std::uint64_t>(meta["size"].integer().value_or(0)), locale));
  row.set("width", std::to_string(meta["width"].integer().value_or(0)));
  row.set("height", std::to_string(meta["height"].integer().value_or(0)));
  row.set("image", image ? projects.storage.signed_path(asset.bucket(), asset.key(), kThumbnailSeconds) : "");
  row.set("fields", std::move(fields)).set("can_change", editing == Editing::on);
  return row;
}

}  // namespace

html::Data project_view(const Project& project, std::string_view locale) {
  html::Data row;
  row.set("id", project.id.str()).set("name", project.title).set("status", project.status);
  row.set("created", html::when(project.created_at, locale));
  row.set("updated", html::when(project.updated_at, locale));
  return row;
}

void set_upload_rules(const InputRules& rules, std::string_view locale, html::Data& data) {
  core::JsonWriter fields;
  fields.begin_array();
  for (const std::string& field : rules.fields)
    fields.begin().field("name", field).field("label", html::text(locale, "pipeline.field." + field)).end();
  fields.end_array();
  data.set("largest_file", std::to_string(rules.largest)).set("megabytes", std::to_string(rules.largest >> 20));
  data.set("most", html::number(rules.most, locale)).set("media_types", rules.media_types);
  data.set("field_list", fields.take()).set("longest_field", std::to_string(kLongestField));
}

html::Data inputs_view(Projects& projects, const ProjectInputs& held, Editing editing, std::string_view locale) {
  html::Rows rows;
  for (const Asset& asset : held.inputs) {
    rows.push_back(input_view(projects, held.project, asset, editing, locale));
    rows.back().set("nth", std::to_string(rows.size()));
  }
  const auto count = static_cast<std::int64_t>(rows.size());
  html::Data data;
  set_upload_rules(projects.rules, locale, data);
  data.set("project_id", held.project.id.str()).set("count", html::number(count, locale));
  data.set("no_inputs", rows.empty()).set("can_add", editing == Editing::on && count < projects.rules.most);
  data.set("can_save", editing == Editing::on && count > 0 && !projects.rules.fields.empty());
  data.set("inputs", std::move(rows));
  return data;
}

}  // namespace projects
