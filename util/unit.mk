
# Copyright (C) nginx-live authors


# make unit             unit tests of the pure files, $(BUILD)/unit/FILE
# make fuzz             their fuzz targets, $(BUILD)/fuzz/FILE (clang)
# make check-unit       builds and runs both as `make test` does
# make bench-srtp       nanoseconds of SRTP per packet
# make check-long       each fuzz target for FUZZ_LONG seconds, then the tests
#                       that take minutes, t/long/*.t
#
# A pure file needs no nginx but its headers: what it calls of nginx's core
# is in t/unit/ngx_unit_stub.c.  All pure files go into an archive, and a
# test is linked with those that it needs.


ifeq ($(strip $(BUILD)),)
$(error BUILD is empty)
endif

PURE_SRCS =	$(wildcard modules/media/*.c \
			modules/core/ngx_live_helper_frame.c \
			modules/core/ngx_live_redis_slot.c \
			modules/core/ngx_live_timeline.c \
			modules/rtmp/ngx_live_rtmp_chunk.c \
			modules/rtmp/ngx_live_rtmp_handshake.c \
			modules/chat/ngx_live_chat_command.c \
			modules/chat/ngx_live_chat_cursor.c \
			modules/chat/ngx_live_chat_deflate.c \
			modules/chat/ngx_live_chat_filter.c \
			modules/chat/ngx_live_chat_fold.c \
			modules/chat/ngx_live_chat_link.c \
			modules/chat/ngx_live_chat_reader.c \
			modules/chat/ngx_live_chat_record.c \
			modules/chat/ngx_live_chat_payment.c \
			modules/chat/ngx_live_chat_signature.c \
			modules/chat/ngx_live_chat_state.c \
			modules/chat/ngx_live_chat_text.c \
			modules/chat/ngx_live_chat_when.c \
			modules/hls/ngx_live_hls_cut.c \
			modules/hls/ngx_live_hls_fit.c \
			modules/hls/ngx_live_hls_grid.c \
			modules/hls/ngx_live_hls_journal.c \
			modules/hls/ngx_live_hls_name.c \
			modules/hls/ngx_live_hls_playlist.c \
			modules/hls/ngx_live_hls_request.c \
			modules/sfu/ngx_live_demux.c \
			modules/sfu/ngx_live_hmac.c \
			modules/sfu/ngx_live_rtcp.c \
			modules/sfu/ngx_live_rtp.c \
			modules/sfu/ngx_live_rtp_av1.c \
			modules/sfu/ngx_live_rtp_clock.c \
			modules/sfu/ngx_live_rtp_h26x.c \
			modules/sfu/ngx_live_rtp_receiver.c \
			modules/sfu/ngx_live_rtp_unit.c \
			modules/sfu/ngx_live_rtp_vpx.c \
			modules/sfu/ngx_live_sdp.c \
			modules/sfu/ngx_live_sdp_text.c \
			modules/sfu/ngx_live_sdp_write.c \
			modules/sfu/ngx_live_srtp.c \
			modules/sfu/ngx_live_stun.c \
			modules/sfu/ngx_live_twcc.c \
			modules/token/ngx_live_claims.c \
			modules/token/ngx_live_jwk.c \
			modules/token/ngx_live_jwt.c \
			modules/token/ngx_live_signed_url.c \
			modules/token/ngx_live_token_json.c \
			modules/token/ngx_live_token_key.c \
			modules/token/ngx_live_token_mask.c \
			modules/token/ngx_live_token_memo.c)

# not pure, as they change shared memory, but their tests bring all of nginx
# that they call

RING_SRCS =	modules/core/ngx_live_extent.c \
		modules/core/ngx_live_packet_ring.c \
		modules/core/ngx_live_ring.c

SESSION_SRCS =	modules/token/ngx_live_token_session.c

LINK_SRCS =	modules/core/ngx_live_redis_link.c

UNIT_STUB =	t/unit/ngx_unit_stub.c
UNIT_SRCS =	$(filter-out $(UNIT_STUB),$(wildcard t/unit/*.c))
FUZZ_SRCS =	$(wildcard t/fuzz/*.c)

UNIT_DIR =	$(BUILD)/unit
FUZZ_DIR =	$(BUILD)/fuzz

UNIT_CC =	gcc
FUZZ_CC =	$(firstword $(shell command -v clang clang-19 clang-16 \
			clang-14 2> /dev/null) clang)

FUZZ_LONG =	60
LONG_TESTS =	$(sort $(wildcard t/long/*.t))

# the configured tree, with objs/ngx_auto_config.h

NGX_TREE =	$(BUILD)/nginx
NGX_INCS =	-I $(NGX_TREE)/objs -I $(NGINX_SRC)/src/core \
		-I $(NGINX_SRC)/src/event -I $(NGINX_SRC)/src/event/modules \
		-I $(NGINX_SRC)/src/event/quic -I $(NGINX_SRC)/src/os/unix

UNIT_CFLAGS =	-g -O1 -fno-omit-frame-pointer -Wall -Wextra -Werror \
		-Wno-unused-parameter -MMD -MP \
		$(patsubst %,-I %,$(wildcard modules/media modules/core \
			modules/rtmp modules/hls modules/token modules/chat \
			modules/sfu)) \
		-I t/unit $(NGX_INCS)

UNIT_SAN =	-fsanitize=address,undefined -fno-sanitize-recover=undefined
FUZZ_SAN =	-fsanitize=fuzzer-no-link,address,undefined \
		-fno-sanitize-recover=undefined
UNIT_LIBS =	-lcrypto -ljansson -lz -lm

UNIT_PURE =	$(PURE_SRCS:%.c=$(UNIT_DIR)/obj/%.o) \
		$(UNIT_STUB:%.c=$(UNIT_DIR)/obj/%.o)
FUZZ_PURE =	$(PURE_SRCS:%.c=$(FUZZ_DIR)/obj/%.o) \
		$(UNIT_STUB:%.c=$(FUZZ_DIR)/obj/%.o)

UNIT_BINS =	$(UNIT_SRCS:t/unit/%.c=$(UNIT_DIR)/%)
FUZZ_BINS =	$(FUZZ_SRCS:t/fuzz/%.c=$(FUZZ_DIR)/%)


unit:		$(UNIT_BINS)

fuzz:		$(FUZZ_BINS)

check-unit:	unit fuzz
	@NGX_LIVE_BUILD=$(abspath $(BUILD)) prove t/unit.t t/fuzz.t

check-long:	fuzz deps-test modules
	@NGX_LIVE_BUILD=$(abspath $(BUILD)) FUZZ_SECONDS=$(FUZZ_LONG) \
		prove -v t/fuzz.t
	@NGX_LIVE_BUILD=$(abspath $(BUILD)) LIVE_SANITIZE=$(SANITIZE) \
		prove -v $(LONG_TESTS)

bench-srtp:	$(BUILD)/bench/srtp
	@$<

$(BUILD)/bench/srtp:	util/bench/srtp.c modules/sfu/ngx_live_srtp.c \
		modules/sfu/ngx_live_hmac.c | $(NGX_TREE)/objs/ngx_auto_config.h
	@mkdir -p $(@D)
	$(UNIT_CC) -O2 -g -Wall -Wextra -Werror -Wno-unused-parameter \
		-I modules/media -I modules/sfu $(NGX_INCS) \
		-o $@ $^ -lsrtp2 -lcrypto

.PHONY:		unit fuzz check-unit check-long bench-srtp


# the modules may not compile yet: the tests need the configuration only

$(NGX_TREE)/objs/ngx_auto_config.h:
	@util/build $(BUILD) $(NGINX_SRC) || test -f $@

$(UNIT_DIR)/obj/%.o:	%.c | $(NGX_TREE)/objs/ngx_auto_config.h
	@mkdir -p $(@D)
	@echo "  CC $@"
	@$(UNIT_CC) $(UNIT_CFLAGS) $(UNIT_SAN) -c -o $@ $<

$(FUZZ_DIR)/obj/%.o:	%.c | $(NGX_TREE)/objs/ngx_auto_config.h
	@mkdir -p $(@D)
	@echo "  CC $@"
	@$(FUZZ_CC) $(UNIT_CFLAGS) $(FUZZ_SAN) -c -o $@ $<

$(UNIT_DIR)/libpure.a:	$(UNIT_PURE)
	@ar rcs $@.$$$$ $(UNIT_PURE) && mv -f $@.$$$$ $@

$(FUZZ_DIR)/libpure.a:	$(FUZZ_PURE)
	@ar rcs $@.$$$$ $(FUZZ_PURE) && mv -f $@.$$$$ $@

$(UNIT_BINS): $(UNIT_DIR)/%: $(UNIT_DIR)/obj/t/unit/%.o $(UNIT_DIR)/libpure.a
	@echo "  LINK $@"
	@$(UNIT_CC) $(UNIT_SAN) -o $@ $^ $(UNIT_LIBS)

$(FUZZ_BINS): $(FUZZ_DIR)/%: $(FUZZ_DIR)/obj/t/fuzz/%.o $(FUZZ_DIR)/libpure.a
	@echo "  LINK $@"
	@$(FUZZ_CC) -fsanitize=fuzzer,address,undefined -o $@ $^ $(UNIT_LIBS)

$(UNIT_DIR)/ngx_live_extent $(UNIT_DIR)/ngx_live_ring \
		$(UNIT_DIR)/ngx_live_packet_ring: \
		$(RING_SRCS:%.c=$(UNIT_DIR)/obj/%.o)

$(UNIT_DIR)/ngx_live_token_session: \
		$(SESSION_SRCS:%.c=$(UNIT_DIR)/obj/%.o)

$(UNIT_DIR)/ngx_live_token_session: \
		UNIT_LIBS += $(UNIT_DIR)/libpure.a -lcrypto -ljansson

$(UNIT_DIR)/ngx_live_srtp: UNIT_LIBS += -lsrtp2

# these read the fuzzer's corpus

$(UNIT_DIR)/obj/t/unit/ngx_live_sdp.o \
$(UNIT_DIR)/obj/t/unit/ngx_live_rtp_unit.o: \
		UNIT_CFLAGS += -D 'NGX_UNIT_TOP="$(CURDIR)"'

$(FUZZ_DIR)/ngx_live_redis_link: $(LINK_SRCS:%.c=$(FUZZ_DIR)/obj/%.o)
$(FUZZ_DIR)/ngx_live_redis_link: UNIT_LIBS += $(FUZZ_DIR)/libpure.a -lhiredis

.SECONDARY:	$(UNIT_PURE) $(FUZZ_PURE) \
		$(RING_SRCS:%.c=$(UNIT_DIR)/obj/%.o) \
		$(SESSION_SRCS:%.c=$(UNIT_DIR)/obj/%.o) \
		$(LINK_SRCS:%.c=$(FUZZ_DIR)/obj/%.o) \
		$(UNIT_SRCS:%.c=$(UNIT_DIR)/obj/%.o) \
		$(FUZZ_SRCS:%.c=$(FUZZ_DIR)/obj/%.o)

-include $(UNIT_PURE:.o=.d) $(FUZZ_PURE:.o=.d)
-include $(RING_SRCS:%.c=$(UNIT_DIR)/obj/%.d)
-include $(SESSION_SRCS:%.c=$(UNIT_DIR)/obj/%.d)
-include $(LINK_SRCS:%.c=$(FUZZ_DIR)/obj/%.d)
-include $(UNIT_SRCS:%.c=$(UNIT_DIR)/obj/%.d)
-include $(FUZZ_SRCS:%.c=$(FUZZ_DIR)/obj/%.d)
