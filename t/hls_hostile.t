#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Encoders whose time stands still while they send: frames that wait for an
# end of their part, or for another track, do not take all of the memory.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::RTMP qw/ avc_config avc_frame aac_config aac_frame /;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp live_hls /);

my $t = Test::NginxLive->new(
    workers => 1,
    live => 'zone live 64m; application live { publish any; hls on;
                hls_path %%DIR%%/hls; buffer_size 8m; reconnect 1s; }',
    stream => 'server { listen %%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen %%PORT_http%%; location /hls/ { live_hls; }
                      location /status { live_status; } }'
)->start;

# 100 MB each: of one part, of a track that is ahead of the pictures

for my $what (qw/ part track /) {
    my ($pub, $time) = encoder($what);
    my $before = memory();

    for (1 .. 1000) {
        $pub->video($time + 40, avc_frame(1, $what eq 'part' ? 100000 : 300));
        $pub->audio($time + 900, aac_frame(100000)) if $what eq 'track';
    }

    $pub->call('_checkbw', undef);

    SKIP: {
        skip 'sanitizers take memory of their own', 1 if $ENV{LIVE_SANITIZE};
        cmp_ok(memory() - $before, '<', 60000, "frames of a $what, KiB");
    }

    # time goes on

    my $hls = hls($what);

    for my $i (2 .. 400) {
        $pub->video($time + $i * 40, avc_frame($i % 25 == 0, 300));
        $pub->audio($time + $i * 40 + $_, aac_frame(50)) for 0, 20;
    }

    ok(wait_for(sub { hls($what)->{segments} > $hls->{segments} + 4 }, 20,
        'segments'), "$what: segments go on");

    $pub->close;
}

done_testing();

###############################################################################

# Seven seconds of pictures and sound, whose rate is left at the end.

sub encoder {
    my ($name) = @_;

    my $pub = Test::NginxLive::RTMP->new(port => $t->port('rtmp'));

    $pub->publish('live', $name);
    $pub->set_chunk_size(65536);
    $pub->video(0, avc_config());
    $pub->audio(0, aac_config());

    for my $i (0 .. 180) {
        $pub->video($i * 40, avc_frame($i % 25 == 0, 300));
        $pub->audio($i * 40 + $_, aac_frame(50)) for 0, 20;
    }

    $pub->audio(7200 + 500 + 3 * $_, aac_frame(50)) for 1 .. 40;
    $pub->call('_checkbw', undef);

    return $pub, 7200;
}


sub hls {
    my ($name) = @_;

    my ($st) = grep { $_->{name} eq $name } @{$t->json('/status')->{streams}};
    return $st->{hls};
}


sub memory {
    my ($worker) = $t->workers;
    return $t->memory($worker)->{private};
}
