#include "pipeline/accept.h"

#include <utility>

#include "pipeline/image_header.h"
#include "pipeline/slideshow.h"

namespace pipeline {
namespace {

class PhotographCheck : public projects::InputCheck {
 public:
  explicit PhotographCheck(std::string name) : name_(std::move(name)) {}

  void feed(std::string_view bytes) override {
    header_.feed(bytes);
    if (header_.refused()) refuse();
    const std::optional<Image>& image = header_.image();
    if (image && image->width > kMostPixels / image->height)
      throw projects::Refusal(422, "pipeline.image_too_large.named", {{"name", name_}});
  }

  projects::FileType finish() override {
    const std::optional<Image>& image = header_.image();
    if (!image) refuse();
    return {std::string(mime_of(image->format)), std::string(extension_of(image->format)), image->width, image->height};
  }

 private:
  [[noreturn]] void refuse() const {
    throw projects::Refusal(415, "pipeline.unsupported_image.named", {{"name", name_}});
  }

  std::string name_;
  ImageHeader header_;
};

}  // namespace

std::unique_ptr<projects::InputCheck> accept_photograph(std::string file_name) {
  return std::make_unique<PhotographCheck>(std::move(file_name));
}

}  // namespace pipeline
