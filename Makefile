# sheaf - `make help` lists the targets.
#
#   make CC=clang BUILD=build/clang    another compiler, beside the first
#   make FLAVOUR=asan BUILD=build/asan one of the instrumented builds (make asan runs its tests)
#   make WERROR=                       warnings do not stop the build
#   make V=1                           show the commands

FLAVOUR ?= release
BUILD ?= build
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man

ifeq ($(origin CC),default)
CC := gcc
endif
OBJCOPY ?= objcopy
INSTALL ?= install
# Sanitizers make gcc see problems that are not there.
WERROR ?= $(if $(filter release,$(FLAVOUR)),-Werror)

SONAME := libsheaf.so.0
VERSION = $(shell sed -n 's/^\#define SHEAF_VERSION "\(.*\)"$$/\1/p' lib/include/sheaf/sheaf.h)

# --- Flags ----------------------------------------------------------------------------------

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes \
    -Wmissing-prototypes -Wcast-qual -Wundef -Wvla -Wformat=2 -Wpointer-arith -Wwrite-strings \
    $(WERROR)
LANGUAGE := -std=c17 -D_GNU_SOURCE -Ilib -Ilib/include
# Results must not depend on how the compiler contracts floating-point expressions.
CODE := -fPIC -fvisibility=hidden -fno-semantic-interposition -ffp-contract=off -fopenmp -pthread \
    -ffunction-sections -fdata-sections

FLAGS_release := -O3 -g -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong \
    -fstack-clash-protection -DSHEAF_LEAVES_MEMORY
LINK_release := -Wl,-z,defs
FLAGS_asan := -O1 -g -fno-omit-frame-pointer -fsanitize=address
FLAGS_ubsan := -O1 -g -fno-omit-frame-pointer -fsanitize=undefined -fno-sanitize-recover=all
FLAGS_tsan := -O1 -g -fno-omit-frame-pointer -fsanitize=thread
# Both sets of objects from the same lines: gcovr cannot merge functions that moved.
FLAGS_coverage := -O0 -g --coverage -fprofile-update=atomic -DSHEAF_TESTING
$(if $(FLAGS_$(FLAVOUR)),,$(error FLAVOUR must be one of: release asan ubsan tsan coverage))

FLAGS := $(FLAGS_$(FLAVOUR)) $(LANGUAGE) $(CODE) $(WARNINGS) $(CPPFLAGS) $(CFLAGS)
COMPILE = $(CC) $(FLAGS) $(call isa_flags,$<) -MMD -MP

# A file of kernels for one instruction set is named *_avx2.c and so on; on other processors all
# that it compiles to is nothing. base/isa.h says what each set includes.
ISA_avx2 := -mavx2 -mbmi -mbmi2 -mpopcnt -mpclmul
ISA_avx512 := $(ISA_avx2) -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vbmi -mavx512vbmi2 \
    -mprefer-vector-width=512
isa_flags = $(if $(findstring x86_64,$(MACHINE)),$(ISA_$(lastword $(subst _, ,$(basename $(1))))))
MACHINE := $(shell $(CC) -dumpmachine)
LINK := $(CC) $(FLAGS_$(FLAVOUR)) $(CFLAGS) $(LINK_$(FLAVOUR)) $(LDFLAGS) -fopenmp -pthread \
    -Wl,-z,relro,-z,now,-z,noexecstack,--gc-sections,--as-needed
LIBS := -lcsv -lm
# What a program that links the static library must name: the runtime of the compiler used.
OPENMP := $(if $(findstring clang,$(CC)),-lomp,-lgomp)
TEST_LIBS := -lcheck -lsubunit -lgmp -lrt $(LIBS)

# The thread sanitizer knows OpenMP's barriers only through the Archer tool of LLVM's runtime; hence
# clang, and no reports from inside libraries.
ENV_asan := ASAN_OPTIONS=detect_stack_use_after_return=1:allocator_may_return_null=1
ENV_ubsan := UBSAN_OPTIONS=print_stacktrace=1
ENV_tsan = TSAN_OPTIONS=ignore_noninstrumented_modules=1:allocator_may_return_null=1:atexit_sleep_ms=0 \
    OMP_TOOL_LIBRARIES=$(shell clang -print-file-name=libarcher.so 2>/dev/null)
# Instrumented code is slow: fewer random files and schedules, more patience.
SLOW := CK_DEFAULT_TIMEOUT=60 CK_TIMEOUT_MULTIPLIER=20 SHEAF_TEST_FILES=12 SHEAF_TEST_SEEDS=150
TEST_ENV = $(ENV_$(FLAVOUR)) $(if $(filter release,$(FLAVOUR)),CK_DEFAULT_TIMEOUT=60,$(SLOW))

# --- Files ----------------------------------------------------------------------------------

object = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
test_object = $(patsubst %.c,$(BUILD)/test-obj/%.o,$(1))

LIB_SOURCES := $(sort $(wildcard lib/*/*.c))
PROGRAM_SOURCES := $(sort $(wildcard cmd/sheaf/*.c))
EXAMPLE_SOURCES := $(sort $(wildcard cmd/examples/*.c))
# One example shows the library beside SQLite, where there is SQLite.
SQLITE := $(shell pkg-config --libs sqlite3 2>/dev/null)
ifeq ($(SQLITE),)
EXAMPLE_SOURCES := $(filter-out cmd/examples/resource-pool.c,$(EXAMPLE_SOURCES))
endif
ORACLE_SOURCES := $(sort $(wildcard tests/oracle/*.c))
UNIT_SOURCES := $(sort $(wildcard tests/unit/*/*.c))
SYNC_SOURCES := $(sort $(wildcard tests/sync/*.c))
UNIT_TEST_SOURCES := $(filter $(addsuffix /test_%.c,$(wildcard tests/unit/*)),$(UNIT_SOURCES))
PUBLIC_HEADERS := $(sort $(wildcard lib/include/sheaf/*.h))
MANUAL_PAGES := $(sort $(wildcard docs/man/*.3))
HEADERS := $(PUBLIC_HEADERS) $(sort $(wildcard lib/*/*.h cmd/*/*.h tests/*/*.h tests/unit/*/*.h))
SOURCES := $(LIB_SOURCES) $(PROGRAM_SOURCES) $(EXAMPLE_SOURCES) $(ORACLE_SOURCES) $(UNIT_SOURCES) \
    $(SYNC_SOURCES)

LIBRARIES := $(BUILD)/libsheaf.a $(BUILD)/$(SONAME) $(BUILD)/libsheaf.so
EXAMPLES := $(EXAMPLE_SOURCES:cmd/examples/%.c=$(BUILD)/examples/%)
UNIT_TESTS := $(UNIT_TEST_SOURCES:tests/%.c=$(BUILD)/tests/%)
SYNC_TESTS := $(filter $(BUILD)/tests/unit/sync/%,$(UNIT_TESTS))
SYNC_PROGRAMS := $(SYNC_SOURCES:%.c=$(BUILD)/%)
# Compiled by scripts/bench and scripts/bench-sync, against what no test needs.
BENCH_SOURCES := $(sort $(wildcard tests/bench/*.c))
# What the unit tests link with: the library compiled with SHEAF_TESTING, and the oracle.
TEST_ARCHIVE := $(BUILD)/tests/library.a
OBJECTS := $(call object,$(LIB_SOURCES) $(PROGRAM_SOURCES) $(EXAMPLE_SOURCES)) \
    $(call test_object,$(LIB_SOURCES) $(ORACLE_SOURCES) $(UNIT_SOURCES) $(SYNC_SOURCES))

.SUFFIXES:
.SECONDEXPANSION:
.DELETE_ON_ERROR:
.PHONY: FORCE all unit-tests check check-unit check-cli check-layering check-symbols check-docs \
    check-sync check-models check-fast-path check-stress check-install headers asan ubsan tsan \
    coverage check-mutations lint manual format install uninstall clean help

# Stands before a command: shows a short line instead of it, unless V is set.
say = $(if $(V),,@printf '  %-5s %s\n' $(1) $@;)

# --- Building -------------------------------------------------------------------------------

all: $(BUILD)/sheaf $(LIBRARIES) $(EXAMPLES) ## build the program, the libraries and the examples

$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(FLAGS) | $(LINK)' | cmp -s - $@ || echo '$(CC) $(FLAGS) | $(LINK)' >$@

$(BUILD)/obj/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC) $(COMPILE) -c -o $@ $<

$(BUILD)/test-obj/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC) $(COMPILE) -DSHEAF_TESTING -Itests -c -o $@ $<

# One relocatable object, so that the rooms' own names stay inside the static library too.
$(BUILD)/libsheaf.o: $(call object,$(LIB_SOURCES))
	$(call say,LD) $(LD) -r -o $@ $^ && $(OBJCOPY) --localize-hidden $@

$(BUILD)/libsheaf.a: $(BUILD)/libsheaf.o
	$(call say,AR) rm -f $@ && $(AR) rcs $@ $<

$(BUILD)/$(SONAME): $(call object,$(LIB_SOURCES))
	$(call say,LINK) $(LINK) -shared -Wl,-soname,$(SONAME) -o $@ $^ $(LIBS)

$(BUILD)/libsheaf.so: $(BUILD)/$(SONAME)
	@ln -sf $(SONAME) $@

$(BUILD)/sheaf: $(call object,$(PROGRAM_SOURCES)) $(BUILD)/libsheaf.a
	$(call say,LINK) $(LINK) -pie -o $@ $^ $(LIBS)

$(BUILD)/examples/resource-pool: LIBS += $(SQLITE)
$(EXAMPLES): $(BUILD)/examples/%: $(BUILD)/obj/cmd/examples/%.o $(BUILD)/libsheaf.a
	@mkdir -p $(@D)
	$(call say,LINK) $(LINK) -pie -o $@ $^ $(LIBS)

$(TEST_ARCHIVE): $(call test_object,$(LIB_SOURCES) $(ORACLE_SOURCES))
	@mkdir -p $(@D)
	$(call say,AR) rm -f $@ && $(AR) qcs $@ $^

# tests/unit/ROOM/test_MODULE.c is a program of its own; the room's other files go with each.
room_helpers = $(call test_object,$(filter $(patsubst $(BUILD)/tests/%,tests/%,$(1))/%,\
    $(filter-out $(UNIT_TEST_SOURCES),$(UNIT_SOURCES))))
$(UNIT_TESTS): $(BUILD)/tests/%: $(BUILD)/test-obj/tests/%.o $$(call room_helpers,$$(@D)) \
    $(TEST_ARCHIVE)
	@mkdir -p $(@D)
	$(call say,LINK) $(LINK) -o $@ $^ $(TEST_LIBS)

# Programs that are run whole, many times; they use the public headers only.
$(SYNC_PROGRAMS): $(BUILD)/tests/%: $(BUILD)/test-obj/tests/%.o $(BUILD)/libsheaf.a
	@mkdir -p $(@D)
	$(call say,LINK) $(LINK) -o $@ $^ $(LIBS)

# --- Checking -------------------------------------------------------------------------------

check: check-layering headers check-symbols check-docs check-unit check-cli ## run all tests of this build

unit-tests: $(UNIT_TESTS)
check-unit: unit-tests ## run the unit tests
	$(TEST_ENV) scripts/run-unit-tests $(UNIT_TESTS)

# For other compilers, and for the other twin of parking (CPPFLAGS=-DSHEAF_WAITGROUP_BUCKETS).
check-sync: $(EXAMPLES) $(BUILD)/sheaf $(SYNC_TESTS) ## run the tests of lib/sync and the examples
	$(TEST_ENV) scripts/run-unit-tests $(SYNC_TESTS)
	$(TEST_ENV) SHEAF=$(abspath $(BUILD)/sheaf) tests/cli/run -k test_examples.

check-cli: $(BUILD)/sheaf $(LIBRARIES) $(EXAMPLES) ## run the tests of the program (CLI_TESTS='-k PATTERN' picks)
	$(TEST_ENV) SHEAF=$(abspath $(BUILD)/sheaf) tests/cli/run $(CLI_TESTS)

check-layering: ## check who includes whom
	scripts/check-layering

check-symbols: $(LIBRARIES) ## check that the libraries export the public names and no others
	scripts/check-symbols $(BUILD)

check-docs: $(BUILD)/sheaf $(EXAMPLES) ## check the tours and the manual page against the programs
	scripts/check-docs $(BUILD)
	scripts/make-manual --check

check-models: ## prove the models of lib/sync with Spin, and that no step of theirs is superfluous
	scripts/check-models

check-fast-path: $(LIBRARIES) ## check what a wait group costs that nobody waits for
	scripts/check-fast-path $(BUILD)

check-stress: $(SYNC_PROGRAMS) ## run small programs of threads many times
	$(TEST_ENV) scripts/check-stress $(BUILD)

check-install: all ## install to a scratch directory and build a program against that
	CC='$(CC)' scripts/check-install $(BUILD)

headers: $(HEADERS:%=$(BUILD)/headers/%.ok) ## check that every header compiles alone

# The public ones even without the library's own flags.
$(BUILD)/headers/lib/include/%.ok: lib/include/% $(PUBLIC_HEADERS) $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CHECK) $(CC) -std=c17 $(WARNINGS) -Ilib/include -fsyntax-only -include $< -x c /dev/null
	@touch $@

$(BUILD)/headers/%.ok: % $(HEADERS) $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CHECK) $(CC) $(FLAGS) -DSHEAF_TESTING -Itests -fsyntax-only -include $< -x c /dev/null
	@touch $@

asan ubsan: ## run the unit tests under the address (undefined behaviour) sanitizer
	$(MAKE) FLAVOUR=$@ BUILD=$(BUILD)/$@ check-unit

tsan: ## run the unit tests, and small programs often, under clang's thread sanitizer
	$(MAKE) FLAVOUR=$@ BUILD=$(BUILD)/$@ CC=clang check-unit check-stress

# Not the tests whose cost, or user, the instrumented program does not suit.
coverage: COVERED_BY := $(addprefix -k ,test_aggregates. test_dialect. test_options. test_output.)
coverage: ## measure how much of lib/ the tests run; fails below 90 % of the lines
	if [ -d $(BUILD)/$@ ]; then find $(BUILD)/$@ -name '*.gcda' -delete; fi
	$(MAKE) FLAVOUR=$@ BUILD=$(BUILD)/$@ CC=gcc check-unit check-cli CLI_TESTS='$(COVERED_BY)'
	gcovr --root . --object-directory $(BUILD)/$@ --filter 'lib/' --sort-percentage \
	    --fail-under-line 90 $(BUILD)/$@

check-mutations: ## break the code on purpose and see that tests fail
	scripts/check-mutations $(BUILD)/mutations

lint: $(SOURCES:%.c=$(BUILD)/tidy/%.ok) ## check format, style, and what clang-tidy and shellcheck find
	@clang-format --dry-run -Werror $(SOURCES) $(HEADERS) $(BENCH_SOURCES)
	shellcheck $$(grep -lE '^#!.*[ /](ba)?sh$$' scripts/* .ci/run)
	@scripts/check-style $(SOURCES) $(HEADERS)

# After the object: its dependencies on headers are then this file's too.
tidy = clang-tidy --quiet --warnings-as-errors='*' $(1) -- $(LANGUAGE) $(CODE) -Itests \
    -DSHEAF_TESTING $(call isa_flags,$(1))
$(BUILD)/tidy/tests/%.ok: tests/%.c $(BUILD)/test-obj/tests/%.o .clang-tidy lib/.clang-tidy
	@mkdir -p $(@D)
	$(call say,TIDY) $(call tidy,$<)
	@touch $@

$(BUILD)/tidy/%.ok: %.c $(BUILD)/obj/%.o .clang-tidy lib/.clang-tidy
	@mkdir -p $(@D)
	$(call say,TIDY) $(call tidy,$<)
	@touch $@

manual: ## make the manual pages of the library from its headers
	scripts/make-manual

format: ## put every C file into the project's format
	clang-format -i $(SOURCES) $(HEADERS) $(BENCH_SOURCES)

# --- Installing -----------------------------------------------------------------------------

install: all ## install under PREFIX (/usr/local), below DESTDIR
	$(INSTALL) -d $(addprefix $(DESTDIR),$(BINDIR) $(LIBDIR)/pkgconfig $(INCLUDEDIR)/sheaf \
	    $(MANDIR)/man1 $(MANDIR)/man3)
	$(INSTALL) -m 755 $(BUILD)/sheaf $(DESTDIR)$(BINDIR)/sheaf
	$(INSTALL) -m 644 $(PUBLIC_HEADERS) $(DESTDIR)$(INCLUDEDIR)/sheaf
	$(INSTALL) -m 644 $(BUILD)/libsheaf.a $(DESTDIR)$(LIBDIR)/libsheaf.a
	$(INSTALL) -m 755 $(BUILD)/$(SONAME) $(DESTDIR)$(LIBDIR)/libsheaf.so.$(VERSION)
	ln -sf libsheaf.so.$(VERSION) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libsheaf.so
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' \
	    -e 's|@VERSION@|$(VERSION)|' -e 's|@OPENMP@|$(OPENMP)|' sheaf.pc.in \
	    >$(DESTDIR)$(LIBDIR)/pkgconfig/sheaf.pc
	$(INSTALL) -m 644 docs/man/sheaf.1 $(DESTDIR)$(MANDIR)/man1/sheaf.1
	$(INSTALL) -m 644 $(MANUAL_PAGES) $(DESTDIR)$(MANDIR)/man3
	for page in $(notdir $(MANUAL_PAGES)); do \
	    for name in $$(sed -n '/^\.SH NAME/{n;s/ \\.*//;s/^[^,]*,*//;s/,//g;p;}' docs/man/$$page); do \
	        ln -sf $$page $(DESTDIR)$(MANDIR)/man3/$$name.3; done; done

uninstall: ## remove what install put there
	rm -f $(addprefix $(DESTDIR),$(BINDIR)/sheaf $(LIBDIR)/libsheaf.a $(LIBDIR)/libsheaf.so* \
	    $(LIBDIR)/pkgconfig/sheaf.pc $(MANDIR)/man1/sheaf.1 \
	    $(MANDIR)/man3/sheaf_*.3)
	rm -rf $(DESTDIR)$(INCLUDEDIR)/sheaf

clean: ## remove the build directory
	rm -rf $(BUILD)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z][a-z -]*:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile

-include $(OBJECTS:.o=.d)
