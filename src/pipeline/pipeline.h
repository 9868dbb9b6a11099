// YOUR BUSINESS: the list of steps that a job runs. Replace this folder; nothing else has to change.
#pragma once

#include "jobs/step.h"

namespace pipeline {

// What app/ hands to web and worker. The first is what "Start" runs.
jobs::Pipelines all();

}  // namespace pipeline
