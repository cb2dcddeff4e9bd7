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
use Test::NginxLive::Load;

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


# What a session lacks of one that keeps up with time; LATE is how far behind
# the encoder's clock the picture may be for half of the time, WORST for all but
# 5 % of it once it has settled.

sub troubles {
    my ($r, $late, $worst) = @_;

    my $s = $r->{summary} // {};
    my $clock = $s->{clock} // { median => 99, p95 => 99 };
    my $date = $s->{latency}{median} // 99;
    my $seconds = $s->{seconds} // 99;
    my @troubles;

    my $stalls = $r->{page} ? $r->{page}{figures}{Stalls} : 'none';

    push @troubles, "stalls: $r->{stalls}, $stalls"
        if $r->{stalls} || $stalls ne 'none';
    push @troubles, "$s->{progress} s in $seconds s"
        if ($s->{progress} // 0) <= $seconds - 1;
    push @troubles, "$s->{decoded} frames in $seconds s"
        if ($s->{decoded} // 0) <= 27 * $seconds;

    # sanitizers are slow, and say nothing of latency

    return @troubles if factor() > 1;

    my $settled = settled(@{$r->{samples} // []});

    push @troubles, "behind the encoder: $clock->{median} s"
        if $clock->{median} >= $late;
    push @troubles, "at worst: $settled s"
        if $settled >= ($worst // $late + 0.25);
    push @troubles, "behind the playlist's date: $date s" if $date >= $late;
    push @troubles, "encoder's and playlist's date differ"
        if abs($clock->{median} - $date) >= 0.3;

    return @troubles;
}


# Plays in a browser that runs already and expects a good session.  One that
# had troubles while the machine was busy with something else says nothing and
# is played again.

sub good {
    my ($url, $name, $late, $worst, %opt) = @_;

    my ($r, @troubles, $why);

    for (1 .. 3) {
        my $b = Test::NginxLive::Browser->new($url, seconds => 20,
            clock => 1 / 15, warm => 1, %opt);

        $b->event('warm', 60);
        my $load = Test::NginxLive::Load->new;

        $r = $b->report(90);
        $load->stop;

        @troubles = troubles($r, $late, $worst);
        $why = $load->disturbed;

        diag(sprintf('%s: behind the encoder %.2f s, p95 %.2f s, %.2f s at '
            . 'last, first frame after %.2f s; waited %.2f s',
            $name, map { $_ // 99 } @{$r->{summary}{clock}}{qw/ median p95 /},
            settled(@{$r->{samples} // []}),
            ($r->{frames}{first_ms} // 0) / 1000, $load->waited));

        last unless @troubles && $why;
        diag("$name: $_") for $why, @troubles;
    }

    is($r->{error}, undef, "$name, played");
    is_deeply($r->{log}{failed}, [], "$name, no request failed");
    is_deeply($r->{log}{errors}, [], "$name, no script failed");

    SKIP: {
        skip($why, 1) if @troubles && $why;
        is(join(', ', @troubles), '', "$name, in time");
    }

    return $r;
}

###############################################################################

my $live = encoder('live/a');

my $r = good("$https/?stream=live/a", 'page, default settings', 2);

cmp_ok($r->{protocols}{h2} // 0, '>', 40, 'over HTTP/2');
is($r->{protocols}{'http/1.1'}, undef, 'and nothing over HTTP/1.1');

my $f = $r->{page}{figures};

is($r->{page}{state}, 'playing', 'the page knows that it plays');
is($r->{page}{message}, '', 'and has nothing to say');
is($r->{page}{badge}, 'Live', 'the status is known');
like($f->{'Behind live'}, qr/^\d+(?:\.\d)? s$/, 'figure: latency');
is($f->{Picture}, "320\x{d7}180, 30 fps", 'figure: picture');
like($f->{Bitrate}, qr/^\d+ kb\/s$/, 'figure: bitrate');
like($f->{Stalls}, qr/^(?:none|\d+, .* in all)$/, 'figure: stalls');
like($f->{'Dropped frames'}, qr/^\d+ of \d+$/, 'figure: frames');
is($f->{Player}, 'hls.js, low latency', 'figure: player');
is($f->{Connection}, 'HTTP/2', 'figure: connection');

###############################################################################

# hls.js alone keeps what the start has cost unless it may play faster

$r = good($t->url('/hls/live/a/index.m3u8'), 'hls.js alone, HTTP/1.1', 2, 3,
    seconds => 12, width => 800, config => { maxLiveSyncPlaybackRate => 1.5 });

is(grep($_->{fatal}, @{$r->{problems}}), 0, 'hls.js has no fatal error');

$live->stop;

###############################################################################

my $fast = encoder('fast/a');

good("$https/#fast/a", 'page, parts of 200 ms', 1);

$fast->stop;

###############################################################################

done_testing();
