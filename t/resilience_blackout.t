#!/usr/bin/perl

# Copyright (C) nginx-live authors

# All workers are killed at once, also while a reload begins: nothing is known
# but what the zone and the files hold, and the stream goes on with its encoder.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::Viewer qw/ lists_wrong discontinuities /;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp live_hls /);
Test::NginxLive->need_program(qw/ ffmpeg /);

my $t = Test::NginxLive->new(
    live => 'zone live 64m;
             application live {
                 publish any; reconnect 8s;
                 hls on; hls_path %%DIR%%/hls; hls_segment 1s;
                 hls_target_duration 2s; hls_part 200ms; hls_window 60s;
             }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
             location /hls/ { live_hls; }
             location /status { live_status; } }'
)->start;

$t->allow_log(qr/exited on signal 9/);

my $before = $t->json('/status')->{zone};

my $encoder = spawn(cmd => [ 'sh', '-c',
    'while :; do ffmpeg "$@"; done', 'sh',
    encoder_args(gop => 15), '-f', 'flv', $t->rtmp('live/a') ]);

wait_for(sub { $t->get('/hls/live/a/index.m3u8')->{status} == 200 }, 20,
    'playlist');

my $session = $t->json('/status')->{streams}[0]{session};
my %hls = map { $_ => Test::NginxLive::Viewer->hls($t, 'live/a', $_) }
    qw/ v0 a1 /;

my $rounds = 3;

for my $round (1 .. $rounds) {
    my $at = wait_for(sub {
        my $pl = $hls{v0}->list;
        $pl && $pl->{next_part} > 1 ? $pl->{next} : undef;
    }, 10, 'an open segment');

    my @pids = $t->workers;

    kill('HUP', $t->pid) if $round == 2;
    kill('KILL', @pids);

    wait_for(sub {
        my $pl = $hls{v0}->list;
        my ($d) = grep { $_->{discont} && $_->{msn} >= $at } @{$pl->{segments}};
        $d && $pl->{next} > $d->{msn} + 1;
    }, 20, "the stream to go on, $round");

    wait_for(sub { $t->workers == 2 }, 10, 'workers');
}

my %discont;

for my $track (sort keys %hls) {
    my $v = $hls{$track};
    my @lists = $v->events('playlist');

    is(lists_wrong(@lists), '', "$track: playlists only go on");
    is(join(' ', map { "$_->{uri}: $_->{status}" }
            grep { $_->{status} != 200 && !$_->{gap} }
            @lists, $v->events('part')), '', "$track: no request was refused");

    my @d = discontinuities(@lists);
    is(scalar(@d), $rounds, "$track: one discontinuity each time");
    $discont{$track} = "@d";

    my ($bad, $pl) = ('', $v->list);

    for my $s (grep { !$_->{gap} && @{$_->{parts}} } @{$pl->{segments}}) {
        my @parts = map { "$v->{dir}/$_->{uri}" } @{$s->{parts}};
        next if grep { !-f $_ } @parts;

        my $r = $t->get("/hls/live/a/$session/$s->{uri}");
        $bad .= " $s->{uri}"
            if $r->{body} ne join('', map { slurp($_) } @parts);
    }

    is($bad, '', "$track: segments are their parts");
}

is($discont{a1}, $discont{v0}, 'at the same segments');
is($t->json('/status')->{streams}[0]{session}, $session, 'the same session');

# nobody has left anything in the zone

$encoder->kill;
$_->stop for values %hls;

wait_for(sub { !$t->json('/status')->{zone}{streams} }, 20,
    'the end of the stream');

my $after = wait_for(sub {
    my $zone = $t->json('/status')->{zone};
    $zone->{extents_free} == $before->{extents_free} && $zone;
}, 10, 'extents to be free');

is($after->{slab_free}, $before->{slab_free}, 'the slab is free');

done_testing();
