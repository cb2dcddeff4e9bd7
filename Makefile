
# Copyright (C) nginx-live authors


# make                  builds the modules into $(BUILD)/modules
# make html             puts the page together, with hls.js from npm
# make run              builds and starts all of it, with a test pattern
# make test             builds and runs the tests
# make check            static checks
# make check-long       minutes of fuzzing for each parser, and long tests
# make bench            measures
# make install          installs modules and helpers (DESTDIR, MODULESDIR,
#                       HELPERSDIR)
# make clean
#
# NGINX_SRC=DIR         another nginx source tree, 1.22 to mainline
# SANITIZE=1            with the address and undefined behaviour sanitizers
# BUILD=DIR             where everything built goes
# TESTS=t/FILE.t        only these tests
# JOBS=N                tests at the same time, two more than processors


NGX_DEV =	/usr/share/nginx/src
NGINX_SRC =	$(NGX_DEV)

ifeq ($(NGINX_SRC),$(NGX_DEV))
BUILD =		build$(if $(SANITIZE),/sanitize)
else
NGX_VERSION :=	$(shell sed -n 's/.*NGINX_VERSION  *"\(.*\)"/\1/p' \
			$(NGINX_SRC)/src/core/nginx.h)
BUILD =		build/nginx-$(NGX_VERSION)$(if $(SANITIZE),-sanitize)
endif

# all may be set by packagers

MODULESDIR =	/usr/lib/nginx/modules
HELPERSDIR =	/usr/lib/nginx/helpers
AVAILABLEDIR =	/usr/share/nginx/modules-available

# programs that workers start

HELPERS =	$(MAKE) -s -C util/live-media OUT=$(abspath $(BUILD))/helpers \
			TREE=$(abspath $(BUILD))/nginx \
			SRC=$(abspath $(NGINX_SRC))

# which tests, and how many at the same time: they wait more than they work

TESTS =		$(sort $(wildcard t/*.t))
JOBS =		$(shell expr $$(nproc) + 2)

export SANITIZE


all:		modules

modules:
	@test -d $(NGINX_SRC)/src || util/deps
	@util/build $(BUILD) $(NGINX_SRC)
	@$(HELPERS)

deps:
	@util/deps

deps-test:
	@util/deps --test

html:
	@util/page $(BUILD)

run:		deps
	@util/build $(BUILD) $(NGINX_SRC)
	@$(HELPERS)
	@exec util/run $(BUILD)

test:		deps-test
	@util/build $(BUILD) $(NGINX_SRC)
	@$(HELPERS)
	@util/page $(BUILD) --browser
	@NGX_LIVE_BUILD=$(abspath $(BUILD)) LIVE_SANITIZE=$(SANITIZE) \
	JOBS=$(JOBS) PROVEFLAGS="$(PROVEFLAGS)" util/test $(TESTS)

check:		deps-test modules
	@util/check $(BUILD)

bench:		deps-test modules
	@util/bench/run $(BUILD)

install:	modules
	@util/install $(BUILD) "$(DESTDIR)" $(MODULESDIR) $(AVAILABLEDIR) \
		$(HELPERSDIR)

clean:
	rm -rf build

.PHONY:		all modules html deps deps-test run test check check-long bench \
		install clean


# unit tests and fuzzers of the pure files

-include util/unit.mk
