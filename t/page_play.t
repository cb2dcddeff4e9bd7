#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Chromium plays: the page over HTTP/2 with TLS and hls.js by itself, for 20 s
# without a stall, less than 2 s behind the encoder's clock with the default
# settings and less than 1 s with parts of 200 ms.  The clock is in the
# picture, so nothing that the server says about time is taken on trust.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::Browser;

###############################################################################

Test::NginxLive->need('live', 'live_rtmp', 'live_hls');
Test::NginxLive::Browser->need();

my $root = Test::NginxLive::Browser::root();
my $t = Test::NginxLive->new(live => <<'EOF',
    zone live 128m;

    application live {
        publish   any;
        hls       on;
        hls_path  %%DIR%%/hls;
    }

    application fast {
        publish   any;
        hls       on;
        hls_path  %%DIR%%/hls;
        hls_part  200ms;
    }
EOF
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => <<"EOF");
    types {
        text/html        html;
        text/css         css;
        text/javascript  js;
    }

    server {
        listen 127.0.0.1:%%PORT_http%%;
        listen 127.0.0.1:%%PORT_https%% ssl http2;

        ssl_certificate      %%CERT%%;
        ssl_certificate_key  %%KEY%%;

        location /hls/ { live_hls; }
        location /status { live_status; }
        location / { root $root; }
    }
EOF

$t->start;

my $https = 'https://127.0.0.1:' . $t->port('https');


sub encoder {
    my ($name, %opt) = @_;

    my $proc = publish($t->rtmp($name), burned_clock(320, 180), %opt);

    wait_for(sub { $t->get("/hls/$name/index.m3u8")->{status} == 200 }, 20,
        "playlist of $name");

    return $proc;
}


# How far behind the encoder's clock the picture was in the second half of the
# time, but for the worst 5 % of it: by then the player has made up for what a
# slow start has cost.

sub settled {
    my @samples = @_;

    my @late = sort { $a <=> $b } grep { defined }
        map { $_->{clock} } @samples[@samples / 2 .. $#samples];

    return $late[@late * 0.95] // 99;
}


# What every good session has in common; LATE is how far behind the encoder's
# clock the picture may be for half of the time, WORST for all but 5 % of it
# once it has settled.

sub good {
    my ($r, $name, $late, $worst) = @_;

    my $s = $r->{summary} // {};
    my $clock = $s->{clock} // { median => 99, p95 => 99 };

    is($r->{error}, undef, "$name, played");
    is($r->{stalls}, 0, "$name, no stall");
    cmp_ok($s->{progress} // 0, '>', ($s->{seconds} // 99) - 1,
        "$name, as fast as time");
    cmp_ok($s->{decoded} // 0, '>', 27 * ($s->{seconds} // 99),
        "$name, frames");
    is_deeply($r->{log}{failed}, [], "$name, no request failed");
    is_deeply($r->{log}{errors}, [], "$name, no script failed");

    # sanitizers are slow, and say nothing of latency

    return if factor() > 1;

    cmp_ok($clock->{median}, '<', $late,
        "$name, behind the encoder: $clock->{median} s");

    my $settled = settled(@{$r->{samples} // []});

    cmp_ok($settled, '<', $worst // $late + 0.25,
        "$name, at worst: $settled s");
    cmp_ok($s->{latency}{median} // 99, '<', $late,
        "$name, behind the playlist's date");
    cmp_ok(abs($clock->{median} - ($s->{latency}{median} // 99)), '<', 0.3,
        "$name, the date is the encoder's");

    diag(sprintf('%s: behind the encoder %.2f s, p95 %.2f s, %.2f s at last, '
        . 'first frame after %.2f s', $name, @$clock{qw/ median p95 /},
        $settled, $r->{frames}{first_ms} / 1000));
}

###############################################################################

my $live = encoder('live/a');

my $r = browse("$https/?stream=live/a", seconds => 20, clock => 1 / 15);

good($r, 'page, default settings', 2);
cmp_ok($r->{protocols}{h2} // 0, '>', 40, 'over HTTP/2');
is($r->{protocols}{'http/1.1'}, undef, 'and nothing over HTTP/1.1');

my $f = $r->{page}{figures};

is($r->{page}{state}, 'playing', 'the page knows that it plays');
is($r->{page}{message}, '', 'and has nothing to say');
is($r->{page}{badge}, 'Live', 'the status is known');
like($f->{'Behind live'}, qr/^[012]\.\d s$/, 'figure: latency');
is($f->{Picture}, "320\x{d7}180, 30 fps", 'figure: picture');
like($f->{Bitrate}, qr/^\d+ kb\/s$/, 'figure: bitrate');
is($f->{Stalls}, 'none', 'figure: stalls');
like($f->{'Dropped frames'}, qr/^\d+ of \d+$/, 'figure: frames');
is($f->{Player}, 'hls.js, low latency', 'figure: player');
is($f->{Connection}, 'HTTP/2', 'figure: connection');

###############################################################################

# hls.js alone keeps what the start has cost unless it may play faster

$r = browse($t->url('/hls/live/a/index.m3u8'), seconds => 12,
    clock => 1 / 15, width => 800,
    config => { maxLiveSyncPlaybackRate => 1.5 });

good($r, 'hls.js alone, HTTP/1.1', 2, 3);
is(grep($_->{fatal}, @{$r->{problems}}), 0, 'hls.js has no fatal error');

$live->stop;

###############################################################################

my $fast = encoder('fast/a');

$r = browse("$https/#fast/a", seconds => 20, clock => 1 / 15);
good($r, 'page, parts of 200 ms', 1);

$fast->stop;

###############################################################################

done_testing();
