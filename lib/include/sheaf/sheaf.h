/* sheaf/sheaf.h - all of the library, and its version. */
#ifndef SHEAF_SHEAF_H
#define SHEAF_SHEAF_H

#include "sheaf/cancel.h"
#include "sheaf/channel.h"
#include "sheaf/error.h"
#include "sheaf/group.h"
#include "sheaf/job.h"
#include "sheaf/pipeline.h"
#include "sheaf/pool.h"
#include "sheaf/resource_pool.h"
#include "sheaf/shutdown.h"
#include "sheaf/waitgroup.h"
#include "sheaf/watchdog.h"

/* The version of these headers; sheaf_version() gives that of the library that runs. */
#define SHEAF_VERSION_MAJOR 0
#define SHEAF_VERSION_MINOR 1
#define SHEAF_VERSION_PATCH 0
#define SHEAF_VERSION "0.1.0"
/* One number to compare: 0.1.0 is 100. */
#define SHEAF_VERSION_NUMBER                                                                       \
    (SHEAF_VERSION_MAJOR * 10000 + SHEAF_VERSION_MINOR * 100 + SHEAF_VERSION_PATCH)

#endif
