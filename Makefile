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
HARDENING = -fstack-protector-strong -fPIE $(if $(SANITIZE),,-D_FORTIFY_SOURCE=2)
SANITIZERS = $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer)
KIMI_CFLAGS = -std=c17 -D_GNU_SOURCE -Ilib -I$B/gen $(WARNINGS) $(HARDENING) $(SANITIZERS) -ffunction-sections -fdata-sections
KIMI_CPPFLAGS = -DKIMI_VERSION='"$(VERSION)"' -DKIMI_BINDIR='"$(bindir)"'
KIMI_LDFLAGS = $(SANITIZERS) -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--gc-sections -Wl,--as-needed

Q = $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' $(1) $(2);)

# Only what is named here may link a library of its own: libcurl stands on the lines of those that speak HTTP and
# nowhere else, so that a stray call from kimi-token into lib/http fails the build. `kimi` and `kimi-token` are static
# where the archives are there: half of what a short run costs is loading shared libraries.
HTTP_PROGRAMS = kimi-login kimi-models kimi-refresh
STATIC_PROGRAMS = kimi kimi-token
CURL_LIBS = $(shell $(PKG_CONFIG) --libs libcurl 2>/dev/null || echo -lcurl)
JANSSON_LIBS = $(shell $(PKG_CONFIG) --libs jansson 2>/dev/null || echo -ljansson)
CAN_STATIC := $(if $(SANITIZE),,$(shell mkdir -p $B && echo 'extern void *json_object(void); int main(void) { return !json_object(); }' | \
	$(CC) -x c - -static -o $B/can-static $(JANSSON_LIBS) 2>/dev/null && echo yes))

LIB_SOURCES = $(sort $(wildcard lib/*/*.c))
LIB_OBJECTS = $(LIB_SOURCES:%.c=$B/%.o)
PROGRAMS = $(sort $(patsubst cmd/%.c,%,$(wildcard cmd/*.c)))
BINARIES = $(PROGRAMS:%=$B/bin/%)

all: $(BINARIES)

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

link_mode = $(if $(and $(CAN_STATIC),$(filter $(notdir $@),$(STATIC_PROGRAMS))),-static,-pie)
link_libs = $(JANSSON_LIBS) $(if $(filter $(notdir $@),$(HTTP_PROGRAMS)),$(CURL_LIBS)) -lm

$(BINARIES): $B/bin/%: $B/cmd/%.o $B/libkimi.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) $(link_mode) $(KIMI_LDFLAGS) $(LDFLAGS) -o $@ $< $B/libkimi.a $(link_libs)

-include $(shell find $B -name '*.d' 2>/dev/null)

.PHONY: all
.SECONDARY:
