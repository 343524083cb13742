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
KIMI_CFLAGS = -std=c17 -pthread -D_GNU_SOURCE -Ilib -I$B/gen $(WARNINGS) $(HARDENING) $(SANITIZERS) \
  -ffunction-sections -fdata-sections
KIMI_CPPFLAGS = -DKIMI_VERSION='"$(VERSION)"' $(if $(QR_LIBS),-DHAVE_QRENCODE) $(PKG_CFLAGS)
KIMI_LDFLAGS = -pthread $(SANITIZERS) -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--gc-sections -Wl,--as-needed
PREFIX_MAPS = "-ffile-prefix-map=$$PWD=." '-ffile-prefix-map=$B=build'

Q = $(if $(V),,@)
say = $(Q)mkdir -p $(@D); $(if $(V),,printf '  %-7s %s\n' $(1) $(2);)
# For a recursive make: one job per core, unless the caller passed -j.
parallel = --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(JOBS))

# Libraries: the first four are required. Without libqrencode `kimi login` draws no QR code, without libedit
# there is no `kimi shell`, without libmicrohttpd no `kimi proxy`, and without libsecret no keyring.
pkg = $(shell $(PKG_CONFIG) $1 2>/dev/null)
CURL_LIBS := $(call pkg,--libs libcurl zlib)
JANSSON_LIBS := $(call pkg,--libs jansson libmd)
QR_LIBS := $(call pkg,--libs libqrencode)
EDIT_LIBS := $(call pkg,--libs libedit)
MICROHTTPD_LIBS := $(call pkg,--libs libmicrohttpd)
SECRET_LIBS := $(call pkg,--libs libsecret-1)
PKG_CFLAGS := $(call pkg,--cflags libcurl zlib jansson libmd $(if $(QR_LIBS),libqrencode) \
  $(if $(EDIT_LIBS),libedit) $(if $(MICROHTTPD_LIBS),libmicrohttpd) $(if $(SECRET_LIBS),libsecret-1))
OF_EDIT = lib/ui/line_editor.c lib/cli/shell.c
OF_MICROHTTPD = $(addprefix lib/proxy/,exchange.c own_response.c relay.c response_down.c)
OF_SECRET = $(wildcard lib/keyring/*.c)
LEFT_OUT = $(if $(SECRET_LIBS),,keyring) $(if $(QR_LIBS),,qr) $(if $(EDIT_LIBS),,shell) \
  $(if $(MICROHTTPD_LIBS),,proxy)

# Only these link libcurl, so that a stray call from kimi-token into lib/http fails the build. Programs for
# scripts and prompts are linked statically if that works here, because loading shared libraries takes half
# of a short run. The others link jansson and libmd statically, if they can.
HTTP_PROGRAMS = kimi-login kimi-models kimi-proxy kimi-refresh kimi-usage-online
STATIC_PROGRAMS = kimi kimi-status kimi-token kimi-usage
comma = ,
JANSSON_INSIDE = -Wl$(comma)-Bstatic $(JANSSON_LIBS) -Wl$(comma)-Bdynamic
PROBE = void *json_object(void); char *SHA256Data(void); int main(int n, char **v) { (void)v; \
  return n > 1 && (!json_object() || !SHA256Data()); }
# The sanitizers need shared libraries.
runs_with = $(if $(SANITIZE),,$(shell mkdir -p $B && probe=$B/probe.$$$$ && echo '$(PROBE)' | \
  $(CC) $(CFLAGS) -w -x c - -o $$probe $(LDFLAGS) $1 2>/dev/null && $$probe && echo yes; rm -f $$probe))
CAN_STATIC := $(call runs_with,-static $(JANSSON_LIBS))
JANSSON := $(if $(call runs_with,$(JANSSON_INSIDE)),$(JANSSON_INSIDE),$(JANSSON_LIBS))

LIB_OBJECTS = $(patsubst %.c,$B/%.o,$(filter-out \
  $(if $(EDIT_LIBS),,$(OF_EDIT)) $(if $(MICROHTTPD_LIBS),,$(OF_MICROHTTPD)) \
  $(if $(SECRET_LIBS),,$(OF_SECRET)), \
  $(sort $(wildcard lib/*/*.c))))
# Helpers are not commands: they are in libexec, which is not on PATH.
HELPERS = $(if $(SECRET_LIBS),kimi-credential-libsecret) kimi-usage-online
PROGRAMS = $(filter-out kimi-credential-libsecret $(HELPERS) $(if $(EDIT_LIBS),,kimi-shell) \
  $(if $(MICROHTTPD_LIBS),,kimi-proxy), \
  $(patsubst cmd/%.c,%,$(sort $(wildcard cmd/*.c))))
BINARIES = $(PROGRAMS:%=$B/bin/%) $(HELPERS:%=$B/libexec/kimi/%)
STALE = $(filter-out $(BINARIES),$(wildcard $B/bin/* $B/libexec/kimi/*))

all: $(BINARIES) $B/share/man/man1 ## build into build/; B=DIRECTORY for another one
	$(if $(STALE),$(Q)rm -f $(STALE))
	$(if $(strip $(LEFT_OUT)),@tests/packages.sh left-out $(LEFT_OUT))

# Names what is missing before the compiler fails.
required:
	$(if $(and $(CURL_LIBS),$(JANSSON_LIBS),$(shell command -v $(CC))),,@tests/packages.sh missing required)

# If one of these changes, what depends on it is built again, like GIT-CFLAGS in Git.
$B/flags: export TEXT = $(CC) $(KIMI_CPPFLAGS) $(CPPFLAGS) $(KIMI_CFLAGS) $(CFLAGS) $(LDFLAGS) \
  $(CURL_LIBS) $(JANSSON) $(QR_LIBS) $(EDIT_LIBS) $(MICROHTTPD_LIBS) $(SECRET_LIBS) $(CAN_STATIC)
$B/objects: export TEXT = $(LIB_OBJECTS)
$B/bindir: export TEXT = $(bindir)
$B/flags $B/objects $B/bindir: FORCE
	+@mkdir -p $(@D); printenv TEXT | cmp -s - $@ || printenv TEXT >$@

COMPILE = $(CC) $(KIMI_CPPFLAGS) $(CPPFLAGS) $(KIMI_CFLAGS) $(PREFIX_MAPS) $(CFLAGS) $(WERROR)
$B/%.o: %.c Makefile $B/flags | required $B/gen/pages.h
	$(call say,CC,$<)$(COMPILE) -MMD -MP -c -o $@ $<

$B/lib/base/exec_path.o: KIMI_CPPFLAGS += -DKIMI_BINDIR='"$(bindir)"'
$B/lib/base/exec_path.o: $B/bindir

$B/libkimi.a: $(LIB_OBJECTS) $B/objects
	$(call say,AR,$@)rm -f $@ && $(AR) rcs $@ $(LIB_OBJECTS)

# The summary of a command in `kimi help` is the name line of its man page. The examples in its --help are the
# first commands of the page's EXAMPLES that fit 80 columns.
$B/gen/pages.h: $(sort $(wildcard man/kimi-*.1))
	$(Q)mkdir -p $(@D); { echo 'static const struct { const char *name, *summary, *examples; } pages[] = {'; \
	  for page in $^; do name=$${page##*/kimi-}; \
	    sed -n "s/^\.Nd \(.*\)/	{\"$${name%.1}\", \"\1\",/p" $$page; \
	    sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/s/^\.Dl \$$ //p' $$page | \
	      sed 's/\\e/\\/g; s/\\(dq/"/g; s/\\&//g' | grep -E '^.{1,76}$$' | head -n 5 | \
	      sed 's/[\\"]/\\&/g; s/.*/	 "  $$ &\\n"/'; \
	    echo '	 ""},'; done; echo '};'; } >$@

# Fewer segments mean fewer page faults, which matters in a run of a millisecond.
is_static = $(and $(CAN_STATIC),$(filter $(notdir $@),$(STATIC_PROGRAMS)))
link_mode = $(if $(is_static),-static -Wl$(comma)-z$(comma)noseparate-code,-pie)
link_libs = $(if $(is_static),$(JANSSON_LIBS),$(JANSSON)) $(if $(filter %/kimi-login,$@),$(QR_LIBS)) \
  $(if $(filter %/kimi-shell,$@),$(EDIT_LIBS)) $(if $(filter $(notdir $@),$(HTTP_PROGRAMS)),$(CURL_LIBS)) \
  $(if $(filter %/kimi-proxy,$@),$(MICROHTTPD_LIBS)) $(if $(filter %-libsecret,$@),$(SECRET_LIBS)) -lm

.SECONDEXPANSION:
$(BINARIES): $B/cmd/$$(@F).o $B/libkimi.a
	$(call say,LINK,$@)$(CC) $(link_mode) $(KIMI_LDFLAGS) $(LDFLAGS) -o $@ $^ $(link_libs)

# The layout of an installed tree, so that `kimi help` finds the pages.
$B/share/man/man1:
	$(Q)mkdir -p $(@D); ln -sfn "$$PWD/man" $@

# ---- Install

install: all ## install to PREFIX (/usr/local); DESTDIR and STRIP= are obeyed
	$(Q)STRIP="$(STRIP)" PREFIX="$(PREFIX)" DESTDIR="$(DESTDIR)" share/install.sh install $B

uninstall: ## remove what make install installed, and nothing else
	$(Q)PREFIX="$(PREFIX)" DESTDIR="$(DESTDIR)" share/install.sh uninstall $B

deb: ## install what it needs, and build a Debian package, build/kimi_*.deb
	$(Q)[ ! -e /var/lib/dpkg/status ] || tests/packages.sh deb
	$(Q)$(MAKE) $(parallel) PREFIX=/usr all
	$(Q)STRIP="$(STRIP)" share/deb.sh $B $(VERSION)

dist: $B/kimi-$(VERSION).tar.gz ## archive the last commit as build/kimi-*.tar.gz
$B/kimi-$(VERSION).tar.gz: FORCE
	$(call say,DIST,$@)git archive --prefix=kimi-$(VERSION)/ -o $@ HEAD

deps: ## install the packages that a build needs
	$(Q)tests/packages.sh build

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

demo: ## install what the demo needs, build, and show everything on loopback
	$(Q)tests/packages.sh demo
	$(Q)$(MAKE) $(parallel) all
	$(Q)tests/demo.sh $B/bin

picture: all ## record a session on loopback, and draw it as share/doc/session.svg
	$(Q)python3 tests/picture.py $B/bin share/doc/session.svg

login: ## install what a build needs, build, and log in to the real service
	$(Q)tests/packages.sh build
	$(Q)$(MAKE) $(parallel) all
	$(Q)$B/bin/kimi login

clean: ## remove the build directory
	rm -rf '$B'

-include $(shell find $B -name '*.d' 2>/dev/null)
include tests/Makefile

.DELETE_ON_ERROR:
.PHONY: FORCE required all install uninstall deb dist deps help demo picture login clean
