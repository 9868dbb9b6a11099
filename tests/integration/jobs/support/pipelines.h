// Pipelines that do each thing a step can do wrong, besides the product's own.
#pragma once

#include "jobs/pipeline.h"

namespace support {

jobs::Pipelines pipelines();

}  // namespace support
