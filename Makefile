# kimi: `make demo` shows it, `make check` tests it, `make help` lists the rest. Plain `make` builds and
# installs nothing. Every generated file goes to build/. V=1 shows the commands.

VERSION = 0.1.0
PREFIX ?= /usr/local
DESTDIR ?=
STRIP ?= strip
bindir = $(PREFIX)/bin

CC ?= cc
CFLAGS ?= -O2 -g
PKG_CONFIG ?= pkg-config
B ?= build
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
export CC PKG_CONFIG

# CFLAGS, CPPFLAGS and LDFLAGS come last, so that a distribution's flags win. `make check` and `make lint` set
# WERROR. The maps keep build paths out of the programs.
WARNINGS = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2
OPTIMIZED = $(filter-out -O0,$(filter -O%,$(CFLAGS)))
FORTIFIED = $(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS))
HARDENING = -fstack-protector-strong -fPIE \
  $(if $(FORTIFIED)$(SANITIZE),,$(if $(OPTIMIZED),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2))
SANITIZERS = $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer)
KIMI_CFLAGS = -std=c17 -D_GNU_SOURCE -Ilib -I$B/gen $(WARNINGS) $(HARDENING) $(SANITIZERS) \
  -ffunction-sections -fdata-sections
KIMI_CPPFLAGS = -DKIMI_VERSION='"$(VERSION)"' $(if $(QR_LIBS),-DHAVE_QRENCODE) $(PKG_CFLAGS)
KIMI_LDFLAGS = $(SANITIZERS) -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--gc-sections -Wl,--as-needed
PREFIX_MAPS = "-ffile-prefix-map=$$PWD=." '-ffile-prefix-map=$B=build'

Q = $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' $(1) $(2);)
# For a make of its own: as many jobs as the cores, unless the caller said how many.
parallel = --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(JOBS))

# Libraries: the first four are required. Without libqrencode `kimi login` draws no QR code, without libedit
# there is no `kimi shell`, and without libsecret no keyring.
pkg = $(shell $(PKG_CONFIG) $1 2>/dev/null)
CURL_LIBS := $(call pkg,--libs libcurl zlib)
JANSSON_LIBS := $(call pkg,--libs jansson libmd)
QR_LIBS := $(call pkg,--libs libqrencode)
EDIT_LIBS := $(call pkg,--libs libedit)
SECRET_LIBS := $(call pkg,--libs libsecret-1)
PKG_CFLAGS := $(call pkg,--cflags libcurl zlib jansson libmd $(if $(QR_LIBS),libqrencode) \
  $(if $(EDIT_LIBS),libedit) $(if $(SECRET_LIBS),libsecret-1))
OF_EDIT = lib/ui/line_editor.c lib/cli/shell.c
OF_SECRET = $(wildcard lib/keyring/*.c)
LEFT_OUT = $(if $(SECRET_LIBS),,keyring) $(if $(QR_LIBS),,qr) $(if $(EDIT_LIBS),,shell)

# Only these link libcurl, so that a stray call from kimi-token into lib/http fails the build. `kimi`,
# `kimi-token`, `kimi-status` and `kimi-usage` (in a prompt) are static where the archives are there and a static
# program runs: half of what a short run costs is loading shared libraries. The others contain jansson and libmd,
# if they can.
HTTP_PROGRAMS = kimi-login kimi-models kimi-refresh kimi-usage-online
STATIC_PROGRAMS = kimi kimi-status kimi-token kimi-usage
comma = ,
JANSSON_INSIDE = -Wl$(comma)-Bstatic $(JANSSON_LIBS) -Wl$(comma)-Bdynamic
PROBE = void *json_object(void); char *SHA256Data(void); int main(int n, char **v) { (void)v; \
  return n > 1 && (!json_object() || !SHA256Data()); }
# A sanitizer wants the shared libraries.
runs_with = $(if $(SANITIZE),,$(shell mkdir -p $B && probe=$B/probe.$$$$ && echo '$(PROBE)' | \
  $(CC) $(CFLAGS) -w -x c - -o $$probe $(LDFLAGS) $1 2>/dev/null && $$probe && echo yes; rm -f $$probe))
CAN_STATIC := $(call runs_with,-static $(JANSSON_LIBS))
JANSSON := $(if $(call runs_with,$(JANSSON_INSIDE)),$(JANSSON_INSIDE),$(JANSSON_LIBS))

LIB_SOURCES = $(filter-out $(if $(EDIT_LIBS),,$(OF_EDIT)) $(if $(SECRET_LIBS),,$(OF_SECRET)), \
  $(sort $(wildcard lib/*/*.c)))
LIB_OBJECTS = $(LIB_SOURCES:%.c=$B/%.o)
# Helpers are no commands: they lie apart, where no list and no PATH finds them.
HELPERS = $(if $(SECRET_LIBS),kimi-credential-libsecret) kimi-usage-online
PROGRAMS = $(filter-out kimi-credential-libsecret $(HELPERS) $(if $(EDIT_LIBS),,kimi-shell), \
  $(patsubst cmd/%.c,%,$(sort $(wildcard cmd/*.c))))
BINARIES = $(PROGRAMS:%=$B/bin/%)
HELPER_BINARIES = $(HELPERS:%=$B/libexec/kimi/%)
STALE = $(filter-out $(BINARIES) $(HELPER_BINARIES),$(wildcard $B/bin/* $B/libexec/kimi/*))

all: $(BINARIES) $(HELPER_BINARIES) $B/share/man/man1 ## build into build/; B=folder for another one
	$(if $(STALE),$(Q)rm -f $(STALE))
	$(if $(strip $(LEFT_OUT)),@tests/packages.sh left-out $(LEFT_OUT))

# Says what is missing before the compiler does.
required:
	$(if $(and $(CURL_LIBS),$(JANSSON_LIBS),$(shell command -v $(CC))),,@tests/packages.sh missing required)

# A change of what is in one of these builds again what depends on it, as Git's GIT-CFLAGS.
$B/flags: export TEXT = $(CC) $(KIMI_CPPFLAGS) $(CPPFLAGS) $(KIMI_CFLAGS) $(CFLAGS) $(LDFLAGS) \
  $(CURL_LIBS) $(JANSSON) $(QR_LIBS) $(EDIT_LIBS) $(SECRET_LIBS) $(CAN_STATIC)
$B/objects: export TEXT = $(LIB_OBJECTS)
$B/bindir: export TEXT = $(bindir)
$B/flags $B/objects $B/bindir: FORCE
	+@mkdir -p $(@D); printenv TEXT | cmp -s - $@ || printenv TEXT >$@

COMPILE = $(CC) $(KIMI_CPPFLAGS) $(CPPFLAGS) $(KIMI_CFLAGS) $(PREFIX_MAPS) $(CFLAGS) $(WERROR)
$B/%.o: %.c Makefile $B/flags | required $B/gen/summaries.h
	@mkdir -p $(@D)
	$(call say,CC,$<)$(COMPILE) -MMD -MP -c -o $@ $<

$B/lib/base/exec_path.o: KIMI_CPPFLAGS += -DKIMI_BINDIR='"$(bindir)"'
$B/lib/base/exec_path.o: $B/bindir

$B/libkimi.a: $(LIB_OBJECTS) $B/objects
	$(call say,AR,$@)rm -f $@ && $(AR) rcs $@ $(LIB_OBJECTS)

# What `kimi help` says of each command is the name line of its man page.
$B/gen/summaries.h: $(sort $(wildcard man/kimi-*.1))
	@mkdir -p $(@D)
	$(Q){ echo 'static const struct { const char *name, *summary; } summaries[] = {'; \
	  for page in $^; do name=$${page##*/kimi-}; \
	    sed -n "s/^\.Nd \(.*\)/	{\"$${name%.1}\", \"\1\"},/p" $$page; done; echo '};'; } >$@

# Fewer segments are fewer pages for a process that lives a millisecond.
is_static = $(and $(CAN_STATIC),$(filter $(notdir $@),$(STATIC_PROGRAMS)))
link_mode = $(if $(is_static),-static -Wl$(comma)-z$(comma)noseparate-code,-pie)
link_libs = $(if $(is_static),$(JANSSON_LIBS),$(JANSSON)) $(if $(filter %/kimi-login,$@),$(QR_LIBS)) \
  $(if $(filter %/kimi-shell,$@),$(EDIT_LIBS)) $(if $(filter $(notdir $@),$(HTTP_PROGRAMS)),$(CURL_LIBS)) \
  $(if $(filter %-libsecret,$@),$(SECRET_LIBS)) -lm

$(BINARIES): $B/bin/%: $B/cmd/%.o $B/libkimi.a
$(HELPER_BINARIES): $B/libexec/kimi/%: $B/cmd/%.o $B/libkimi.a
$(BINARIES) $(HELPER_BINARIES):
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) $(link_mode) $(KIMI_LDFLAGS) $(LDFLAGS) -o $@ $^ $(link_libs)

# As in an installed tree, so that `kimi help` finds the pages.
$B/share/man/man1:
	@mkdir -p $(@D)
	$(Q)ln -sfn "$$PWD/man" $@

# ---- Install

install: all ## install to PREFIX (/usr/local); DESTDIR and STRIP= are obeyed
	$(Q)STRIP="$(STRIP)" PREFIX="$(PREFIX)" DESTDIR="$(DESTDIR)" share/install.sh install $B

uninstall: ## remove what make install installed, and nothing else
	$(Q)PREFIX="$(PREFIX)" DESTDIR="$(DESTDIR)" share/install.sh uninstall $B

deb: ## build a Debian package, build/kimi_*.deb
	$(Q)$(MAKE) $(parallel) PREFIX=/usr all
	$(Q)STRIP="$(STRIP)" share/deb.sh $B $(VERSION)

ARCHIVE = $B/kimi-$(VERSION).tar.gz
dist: ## archive the last commit as build/kimi-*.tar.gz
	@mkdir -p $B
	$(call say,DIST,$(ARCHIVE))git archive --prefix=kimi-$(VERSION)/ -o $(ARCHIVE) HEAD

deps: ## install the packages that a build needs
	$(Q)tests/packages.sh build

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

# ---- Tests

UNIT_TESTS = $(patsubst tests/unit/%.c,$B/tests/unit/%,$(wildcard tests/unit/test_*.c))
FUZZERS = $(patsubst tests/fuzz/%.c,$B/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

$(UNIT_TESTS): $B/tests/%: $B/tests/%.o $B/libkimi.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) -pie $(KIMI_LDFLAGS) $(LDFLAGS) -o $@ $< $B/libkimi.a $(CURL_LIBS) $(JANSSON_LIBS) -lm

# Plain whatever the programs are built with: it comes before a sanitizer's runtime.
$B/tests/hook.so $B/tests/failing_memory.so: $B/tests/%.so: tests/%.c
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) -std=c17 -D_GNU_SOURCE $(WARNINGS) $(WERROR) -O2 -fPIC -shared -o $@ $< -ldl

# What is static otherwise, so that failing_memory.so can come between.
DYNAMIC_TWINS = $(STATIC_PROGRAMS:%=$B/tests/dynamic/%)
$(DYNAMIC_TWINS): $B/tests/dynamic/%: $B/cmd/%.o $B/libkimi.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) -pie $(KIMI_LDFLAGS) $(LDFLAGS) -o $@ $< $B/libkimi.a $(JANSSON) -lm

# libFuzzer brings its own main().
$(FUZZERS): $B/fuzz/%: $B/tests/fuzz/%.o $B/libkimi.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) -pie -fsanitize=fuzzer $(KIMI_LDFLAGS) $(LDFLAGS) -o $@ $< $B/libkimi.a $(CURL_LIBS) $(JANSSON_LIBS) -lm

test-programs: all $(UNIT_TESTS) $B/tests/hook.so $B/tests/failing_memory.so $(DYNAMIC_TWINS)

# Runs the tests with what is installed; TESTS="token store" picks files by name.
test: test-programs ## run the tests with what is installed; TESTS="token store" picks some
	$(Q)KIMI_TEST_BIN="$$PWD/$B/bin" JOBS=$(JOBS) tests/run.sh $B $(TESTS)

check: ## install what the tests need, build, and run every test
	$(Q)tests/packages.sh check
	$(Q)$(MAKE) $(parallel) test

demo: ## install what the demo needs, build, and show everything on loopback
	$(Q)tests/packages.sh demo
	$(Q)$(MAKE) $(parallel) all
	$(Q)tests/demo.sh $B/bin

login: ## install what a build needs, build, and log in to the real service
	$(Q)tests/packages.sh build
	$(Q)$(MAKE) $(parallel) all
	$(Q)$B/bin/kimi login

# The programs and their unit tests once more under the sanitizers, in a build folder of their own. What they find is a
# status of its own, lest a test that expects a failure be content with it.
sanitize: ## run the tests with AddressSanitizer and UBSan
	$(Q)tests/packages.sh check
	$(Q)KIMI_TEST_CHECKER=sanitizer ASAN_OPTIONS=exitcode=99 \
	  LSAN_OPTIONS=print_suppressions=0:suppressions=$(CURDIR)/tests/suppressed/lsan \
	  $(MAKE) $(parallel) B=build/sanitize SANITIZE=address,undefined CFLAGS='-O1 -g' test

# The unit tests and a call of each kind under valgrind. It does not see the allocations of a static program.
valgrind: ## run the unit tests and a smoke test under valgrind
	$(Q)tests/packages.sh valgrind
	$(Q)KIMI_TEST_CHECKER=valgrind $(MAKE) $(parallel) B=build/valgrind CAN_STATIC= CFLAGS='-O1 -g' test

# Every fuzzer for FUZZ_SECONDS, in a build folder of its own that keeps what they come upon; TESTS="token url" picks some.
FUZZ_SECONDS ?= 10
FUZZ_BUILD = B=build/fuzz CC=clang SANITIZE=fuzzer-no-link,address,undefined CFLAGS='-O1 -g'

fuzz: ## run every fuzzer for FUZZ_SECONDS (10)
	$(Q)tests/packages.sh fuzz
	$(Q)$(MAKE) $(parallel) $(FUZZ_BUILD) fuzzers
	$(Q)tests/fuzz.sh build/fuzz $(FUZZ_SECONDS) $(TESTS)

fuzzers: $(FUZZERS)

$B/bench/copy: tests/bench/copy.c
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) -O2 -static -o $@ $<

# Static, since a child's peak memory begins with its parent's.
$B/bench/ratio: tests/bench/ratio.c
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) -std=c17 -D_GNU_SOURCE $(WARNINGS) $(WERROR) -O2 -static -o $@ $<

bench: ## measure time and memory
	$(Q)tests/packages.sh check
	$(Q)$(MAKE) $(parallel) all $B/bench/copy $B/bench/ratio
	$(Q)tests/bench.sh $B

clean: ## remove the build folder
	rm -rf '$B'

# ---- Lint

SHELL_SCRIPTS = share/install.sh completions/kimi.bash $(wildcard tests/*.sh tests/*/*.sh tests/*.bash tests/*/*.bash tests/*.bats tests/*/*.bats) .ci/run
C_FILES = $(wildcard cmd/*.c lib/*/*.c lib/*/*.h tests/*.c tests/*/*.c tests/*/*.h)

lint: ## check formatting, layers, shell, man pages, and with clang and cppcheck
	$(Q)tests/packages.sh lint
	$(Q)clang-format --dry-run --Werror $(C_FILES)
	$(Q)tests/lint-layers.sh
	$(Q)shellcheck -x $(SHELL_SCRIPTS)
	$(Q)mandoc -Tlint -Wwarning man/*.[1-8]
	$(Q)$(MAKE) $(parallel) B=build/clang CC=clang all
	$(Q)$(MAKE) $(parallel) -k tidy
	$(Q)cppcheck --quiet --error-exitcode=1 --inline-suppr --enable=warning,portability --std=c11 -Ilib \
	  --suppress=missingIncludeSystem -DKIMI_VERSION='""' -DKIMI_BINDIR='""' cmd lib

# What .clang-tidy asks for, file by file, and again only for what has changed.
TIDY_CFLAGS = $(filter -I%,$(shell $(PKG_CONFIG) --cflags libcurl zlib jansson libqrencode libedit libsecret-1 2>/dev/null))
tidy: $(patsubst %.c,$B/tidy/%,$(wildcard cmd/*.c lib/*/*.c))
$B/tidy/%: %.c $(wildcard lib/*/*.h) .clang-tidy | $B/gen/summaries.h
	@mkdir -p $(@D)
	$(call say,TIDY,$<)clang-tidy --quiet $< -- $(KIMI_CPPFLAGS) -DKIMI_BINDIR='"/"' -DHAVE_QRENCODE -std=c17 -D_GNU_SOURCE -Ilib -I$B/gen $(TIDY_CFLAGS) 2>$@.log || { cat $@.log >&2; exit 1; }
	@mv $@.log $@

-include $(shell find $B -name '*.d' 2>/dev/null)

check lint sanitize valgrind fuzz: export WERROR = -Werror

.DELETE_ON_ERROR:
.PHONY: FORCE required all install uninstall deb dist deps help test check demo login sanitize valgrind test-programs fuzz fuzzers bench clean lint tidy
