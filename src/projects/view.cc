// What templates see of a project and of its photographs.
#include "core/json.h"
#include "html/format.h"
#include "projects/projects.h"

namespace projects {

namespace {

constexpr std::int64_t kThumbSeconds = 3600;

html::Data input_view(const storage::Storage& storage, const Project& project, const Asset& asset, Inputs mode,
                      std::string_view locale) {
  const core::Json meta = core::Json::parse(asset.meta.text).value_or(core::Json{});
  const std::string name = meta["name"].string_or("");
  html::Data row;
  row.set("project_id", project.id.str()).set("asset_id", asset.id.str());
  row.set("name", name).set("caption", meta["caption"].string_or(""));
  row.set("size", html::bytes(static_cast<std::uint64_t>(meta["size"].integer().value_or(0)), locale));
  row.set("width", std::to_string(meta["width"].integer().value_or(0)));
  row.set("height", std::to_string(meta["height"].integer().value_or(0)));
  row.set("picture", storage.signed_path(asset.bucket(), asset.key(), kThumbSeconds));
  row.set("can_change", mode == Inputs::can_change);
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

html::Data inputs_view(Projects& projects, const Project& project, const std::vector<Asset>& inputs, Inputs mode,
                       std::string_view locale) {
  html::Rows rows;
  for (const Asset& asset : inputs) {
    rows.push_back(input_view(projects.storage, project, asset, mode, locale));
    rows.back().set("nth", std::to_string(rows.size()));
  }
  const bool full = static_cast<std::int64_t>(inputs.size()) >= kMostInputs;
  html::Data data;
  data.set("project_id", project.id.str()).set("count", html::number(static_cast<std::int64_t>(inputs.size())));
  data.set("largest_file", std::to_string(kLargestFile))
      .set("most", html::number(kMostInputs))
      .set("no_inputs", inputs.empty());
  data.set("can_save", mode == Inputs::can_change && !inputs.empty());
  data.set("can_add", mode == Inputs::can_change && !full).set("inputs", std::move(rows));
  return data;
}

}  // namespace projects
