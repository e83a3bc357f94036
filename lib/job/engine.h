/* job/engine.h - what reads rows and values: which scanner, which instruction set. No answer
 * depends on them. */
#ifndef JOB_ENGINE_H
#define JOB_ENGINE_H

#include "base/error.h"
#include "base/isa.h"
#include "format/format.h"
#include "sheaf/job.h"

struct engine {
    enum format_scanner scanner;
    enum isa isa;
};

/* Finds what the options name. Fails with SHEAF_USAGE: a name that there is not (the text suggests
 * a near one, or lists all), an instruction set that this machine cannot run (the text says which
 * it can). */
enum sheaf_status engine_choose(const struct sheaf_run_options *options, struct engine *out,
                                struct sheaf_error *error);

/* "simd", "libcsv". */
const char *engine_scanner_name(enum format_scanner scanner);

#endif
