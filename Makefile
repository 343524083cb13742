# kimi: `make demo` shows it, `make check` tests it, plain `make` builds and installs nothing.
# Every generated file goes to build/. V=1 shows the commands.

VERSION = 0.1.0
PREFIX ?= /usr/local
DESTDIR ?=
bindir = $(PREFIX)/bin

CC ?= cc
CFLAGS ?= -O2 -g
PKG_CONFIG ?= pkg-config
B ?= build
JOBS ?= $(shell nproc 2>/dev/null || echo 2)

WARNINGS = -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2
HARDENING = -fstack-protector-strong -fPIE $(if $(and $(filter -O%,$(CFLAGS)),$(if $(SANITIZE),,yes)),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
SANITIZERS = $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer)
KIMI_CFLAGS = -std=c17 -D_GNU_SOURCE -Ilib -I$B/gen $(WARNINGS) $(HARDENING) $(SANITIZERS) -ffunction-sections -fdata-sections
KIMI_CPPFLAGS = -DKIMI_VERSION='"$(VERSION)"' -DKIMI_BINDIR='"$(bindir)"'
KIMI_LDFLAGS = $(SANITIZERS) -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--gc-sections -Wl,--as-needed

Q = $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' $(1) $(2);)

# Only what is named here may link a library of its own: libcurl stands on the lines of those that speak HTTP and
# nowhere else, so that a stray call from kimi-token into lib/http fails the build. `kimi`, `kimi-token`,
# `kimi-status` and `kimi-usage` (in a prompt) are static where the archives are there: half of what a short run costs is loading shared libraries.
HTTP_PROGRAMS = kimi-login kimi-models kimi-refresh kimi-usage-online
STATIC_PROGRAMS = kimi kimi-status kimi-token kimi-usage
CURL_LIBS = $(shell $(PKG_CONFIG) --libs libcurl zlib 2>/dev/null || echo -lcurl -lz)
# SHA-256, for the names of kimi-code's logins.
MD_LIBS = $(shell $(PKG_CONFIG) --libs libmd 2>/dev/null || echo -lmd)
JANSSON_LIBS = $(shell $(PKG_CONFIG) --libs jansson 2>/dev/null || echo -ljansson)
# Whether a program with jansson links that way. Where there is no archive the shared libraries serve, and a sanitizer
# wants those.
links_with = $(if $(SANITIZE),,$(shell mkdir -p $B && echo 'extern void *json_object(void); extern char *SHA256Data(void); int main(void) { return !json_object() || !SHA256Data(); }' | \
	$(CC) -x c - -o $B/probe $1 2>/dev/null && echo yes))
CAN_STATIC := $(call links_with,-static $(JANSSON_LIBS) $(MD_LIBS))
# Both are small: each program starts faster with a copy of its own.
comma = ,
JANSSON_INSIDE = -Wl$(comma)-Bstatic $(JANSSON_LIBS) $(MD_LIBS) -Wl$(comma)-Bdynamic
JANSSON := $(if $(call links_with,$(JANSSON_INSIDE)),$(JANSSON_INSIDE),$(JANSSON_LIBS) $(MD_LIBS))

# Optional: without it `kimi login` draws no QR code.
QR_LIBS := $(shell $(PKG_CONFIG) --libs libqrencode 2>/dev/null)
$B/lib/ui/qr.o: KIMI_CPPFLAGS += $(if $(QR_LIBS),-DHAVE_QRENCODE)

# Optional: without libedit there is no `kimi shell`, and nothing of lib/ that needs it.
EDIT_LIBS := $(shell $(PKG_CONFIG) --libs libedit 2>/dev/null)
OF_EDIT = lib/ui/line_editor.c lib/cli/shell.c

# Optional: without libsecret there is no keyring.
SECRET_LIBS := $(shell $(PKG_CONFIG) --libs libsecret-1 2>/dev/null)
OF_SECRET = $(wildcard lib/keyring/*.c)
$(OF_SECRET:%.c=$B/%.o): KIMI_CPPFLAGS += $(shell $(PKG_CONFIG) --cflags libsecret-1 2>/dev/null)

LIB_SOURCES = $(filter-out $(if $(EDIT_LIBS),,$(OF_EDIT)) $(if $(SECRET_LIBS),,$(OF_SECRET)),$(sort $(wildcard lib/*/*.c)))
LIB_OBJECTS = $(LIB_SOURCES:%.c=$B/%.o)
# Helpers are no commands: they lie apart, where no list and no PATH finds them.
HELPERS = kimi-credential-libsecret kimi-usage-online
PROGRAMS = $(filter-out $(HELPERS) $(if $(EDIT_LIBS),,kimi-shell),$(sort $(patsubst cmd/%.c,%,$(wildcard cmd/*.c))))
BINARIES = $(PROGRAMS:%=$B/bin/%)
HELPER_BINARIES = $(patsubst %,$B/libexec/kimi/%,$(filter-out $(if $(SECRET_LIBS),,kimi-credential-libsecret),$(HELPERS)))

all: $(BINARIES) $(HELPER_BINARIES) $B/share/man/man1

$B/%.o: %.c Makefile | $B/gen/summaries.h
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(KIMI_CPPFLAGS) $(KIMI_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$B/libkimi.a: $(LIB_OBJECTS)
	$(call say,AR,$@)rm -f $@ && $(AR) rcs $@ $(LIB_OBJECTS)

# What `kimi help` says of each command is the name line of its man page.
$B/gen/summaries.h: $(sort $(wildcard man/kimi-*.1))
	@mkdir -p $(@D)
	$(Q){ echo 'static const struct { const char *name, *summary; } summaries[] = {'; \
	  for page in $^; do name=$${page##*/kimi-}; sed -n "s/^\.Nd \(.*\)/	{\"$${name%.1}\", \"\1\"},/p" $$page; done; \
	  echo '};'; } > $@

# Fewer segments are fewer pages for a process that lives a millisecond.
link_mode = $(if $(and $(CAN_STATIC),$(filter $(notdir $@),$(STATIC_PROGRAMS))),-static -Wl$(comma)-z$(comma)noseparate-code,-pie)
link_libs = $(if $(filter -static,$(link_mode)),$(JANSSON_LIBS) $(MD_LIBS),$(JANSSON)) $(if $(filter kimi-login,$(notdir $@)),$(QR_LIBS)) $(if $(filter kimi-shell,$(notdir $@)),$(EDIT_LIBS)) $(if $(filter kimi-credential-libsecret,$(notdir $@)),$(SECRET_LIBS)) $(if $(filter $(notdir $@),$(HTTP_PROGRAMS)),$(CURL_LIBS)) -lm

$(BINARIES): $B/bin/%: $B/cmd/%.o $B/libkimi.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) $(link_mode) $(KIMI_LDFLAGS) $(LDFLAGS) -o $@ $< $B/libkimi.a $(link_libs)

$(HELPER_BINARIES): $B/libexec/kimi/%: $B/cmd/%.o $B/libkimi.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) -pie $(KIMI_LDFLAGS) $(LDFLAGS) -o $@ $< $B/libkimi.a $(link_libs)

# As in an installed tree, so that `kimi help` finds the pages.
$B/share/man/man1:
	@mkdir -p $(@D)
	$(Q)ln -sfn $(CURDIR)/man $@

# ---- Install

install: all
	$(Q)PREFIX="$(PREFIX)" DESTDIR="$(DESTDIR)" share/install.sh install $B

uninstall:
	$(Q)PREFIX="$(PREFIX)" DESTDIR="$(DESTDIR)" share/install.sh uninstall $B

dist:
	@mkdir -p $B
	$(call say,DIST,$B/kimi-$(VERSION).tar.gz)git archive --prefix=kimi-$(VERSION)/ -o $B/kimi-$(VERSION).tar.gz HEAD

# ---- Tests

UNIT_TESTS = $(patsubst tests/unit/%.c,$B/tests/unit/%,$(wildcard tests/unit/test_*.c))
FUZZERS = $(patsubst tests/fuzz/%.c,$B/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

$(UNIT_TESTS): $B/tests/%: $B/tests/%.o $B/libkimi.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) -pie $(KIMI_LDFLAGS) $(LDFLAGS) -o $@ $< $B/libkimi.a $(CURL_LIBS) $(JANSSON_LIBS) $(MD_LIBS) -lm

# Plain whatever the programs are built with: it comes before a sanitizer's runtime.
$B/tests/hook.so $B/tests/failing_memory.so: $B/tests/%.so: tests/%.c
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) -std=c17 -D_GNU_SOURCE $(WARNINGS) -O2 -fPIC -shared -o $@ $< -ldl

# What is static otherwise, so that failing_memory.so can come between.
DYNAMIC_TWINS = $(STATIC_PROGRAMS:%=$B/tests/dynamic/%)
$(DYNAMIC_TWINS): $B/tests/dynamic/%: $B/cmd/%.o $B/libkimi.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) -pie $(KIMI_LDFLAGS) $(LDFLAGS) -o $@ $< $B/libkimi.a $(JANSSON) -lm

# libFuzzer brings its own main().
$(FUZZERS): $B/fuzz/%: $B/tests/fuzz/%.o $B/libkimi.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) -pie -fsanitize=fuzzer $(KIMI_LDFLAGS) $(LDFLAGS) -o $@ $< $B/libkimi.a $(CURL_LIBS) $(JANSSON_LIBS) $(MD_LIBS) -lm

test-programs: all $(UNIT_TESTS) $B/tests/hook.so $B/tests/failing_memory.so $(DYNAMIC_TWINS)

# Runs the tests with what is installed; TESTS="token store" picks files by name.
test: test-programs
	$(Q)KIMI_TEST_BIN=$(CURDIR)/$B/bin JOBS=$(JOBS) tests/run.sh $B $(TESTS)

check:
	$(Q)tests/packages.sh check
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) test

demo:
	$(Q)tests/packages.sh demo
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all
	$(Q)tests/demo.sh $B/bin

login:
	$(Q)tests/packages.sh build
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all
	$(Q)$B/bin/kimi login

# The programs and their unit tests once more under the sanitizers, in a build folder of their own. What they find is a
# status of its own, lest a test that expects a failure be content with it.
sanitize:
	$(Q)tests/packages.sh check
	$(Q)KIMI_TEST_CHECKER=sanitizer ASAN_OPTIONS=exitcode=99 \
	  LSAN_OPTIONS=print_suppressions=0:suppressions=$(CURDIR)/tests/suppressed/lsan \
	  $(MAKE) --no-print-directory -j$(JOBS) B=build/sanitize SANITIZE=address,undefined CFLAGS='-O1 -g' test

# The unit tests and a call of each kind under valgrind. It does not see the allocations of a static program.
valgrind:
	$(Q)tests/packages.sh valgrind
	$(Q)KIMI_TEST_CHECKER=valgrind $(MAKE) --no-print-directory -j$(JOBS) B=build/valgrind CAN_STATIC= CFLAGS='-O1 -g' test

# Every fuzzer for FUZZ_SECONDS, in a build folder of its own that keeps what they come upon; TESTS="token url" picks some.
FUZZ_SECONDS ?= 10
FUZZ_BUILD = B=build/fuzz CC=clang SANITIZE=fuzzer-no-link,address,undefined CFLAGS='-O1 -g'

fuzz:
	$(Q)tests/packages.sh fuzz
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) $(FUZZ_BUILD) fuzzers
	$(Q)tests/fuzz.sh build/fuzz $(FUZZ_SECONDS) $(TESTS)

fuzzers: $(FUZZERS)

$B/bench/copy: tests/bench/copy.c
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) -O2 -static -o $@ $<

# Static, since a child's peak memory begins with its parent's.
$B/bench/ratio: tests/bench/ratio.c
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) -std=c17 -D_GNU_SOURCE $(WARNINGS) -O2 -static -o $@ $<

bench:
	$(Q)tests/packages.sh check
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all $B/bench/copy $B/bench/ratio
	$(Q)tests/bench.sh $B

clean:
	rm -rf build

# ---- Lint

SHELL_SCRIPTS = share/install.sh completions/kimi.bash $(wildcard tests/*.sh tests/*/*.sh tests/*.bash tests/*/*.bash tests/*.bats tests/*/*.bats) .ci/run
C_FILES = $(wildcard cmd/*.c lib/*/*.c lib/*/*.h tests/*.c tests/*/*.c tests/*/*.h)

lint:
	$(Q)tests/packages.sh lint
	$(Q)clang-format --dry-run --Werror $(C_FILES)
	$(Q)tests/lint-layers.sh
	$(Q)shellcheck -x $(SHELL_SCRIPTS)
	$(Q)mandoc -Tlint -Wwarning man/*.[1-8]
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) B=build/clang CC=clang all
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) -k tidy
	$(Q)cppcheck --quiet --error-exitcode=1 --inline-suppr --enable=warning,portability --std=c11 -Ilib \
	  --suppress=missingIncludeSystem -DKIMI_VERSION='""' -DKIMI_BINDIR='""' cmd lib

# What .clang-tidy asks for, file by file, and again only for what has changed.
TIDY_CFLAGS = $(filter -I%,$(shell $(PKG_CONFIG) --cflags libcurl zlib jansson libqrencode libedit libsecret-1 2>/dev/null))
tidy: $(patsubst %.c,$B/tidy/%,$(wildcard cmd/*.c lib/*/*.c))
$B/tidy/%: %.c $(wildcard lib/*/*.h) .clang-tidy | $B/gen/summaries.h
	@mkdir -p $(@D)
	$(call say,TIDY,$<)clang-tidy --quiet $< -- $(KIMI_CPPFLAGS) -DHAVE_QRENCODE -std=c17 -D_GNU_SOURCE -Ilib -I$B/gen $(TIDY_CFLAGS) 2>$@.log || { cat $@.log >&2; exit 1; }
	@mv $@.log $@

-include $(shell find $B -name '*.d' 2>/dev/null)

.PHONY: all install uninstall dist test check demo login sanitize valgrind test-programs fuzz fuzzers bench clean lint tidy
.SECONDARY:
