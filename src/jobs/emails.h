// The facts in the emails about a finished job; app/ passes them to mail/.
#pragma once

#include "mail/mail.h"
#include "pg/pg.h"

namespace jobs {

mail::FindFinishedJob find_finished_job(pg::Db& db);

}  // namespace jobs
