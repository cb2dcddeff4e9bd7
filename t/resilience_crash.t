#!/usr/bin/perl

# Copyright (C) nginx-live authors

# The publisher's worker is killed under an encoder that reconnects, twice in its
# life and once when it is an old one after a reload: players of other workers
# have no failed request, one discontinuity, and every byte that was named; those
# of RTMP and FLV go on.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::Viewer qw/ lists_wrong discontinuities /;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp live_flv live_hls /);
Test::NginxLive->need_program(qw/ ffmpeg /);

my $t = Test::NginxLive->new(
    live => 'zone live 64m;
             application live {
                 publish any; reconnect 20s;
                 hls on; hls_path %%DIR%%/hls; hls_segment 2s;
                 hls_target_duration 3s; hls_part 200ms; hls_window 60s;
             }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
             location /hls/ { live_hls; }
             location /flv/ { live_flv; }
             location /status { live_status; } }'
)->start;

my $encoder = spawn(cmd => [ 'sh', '-c',
    'while :; do ffmpeg "$@"; done', 'sh',
    encoder_args(gop => 30), '-f', 'flv', $t->rtmp('live/a') ]);

wait_for(sub { $t->get('/hls/live/a/index.m3u8')->{status} == 200 }, 20,
    'playlist');

my $session = stream()->{session};

for my $round (1 .. 3) {
    my ($victim) = map { /\[notice\] (\d+)#/ }
        reverse $t->log_lines(qr/"live\/a" (?:started|continues)/);

    $t->reload if $round == 3;

    my %players = map {
        $_ => Test::NginxLive::Viewer->$_($t, 'live/a', not => $victim)
    } qw/ rtmp flv /;

    my %hls = map {
        $_ => Test::NginxLive::Viewer->hls($t, 'live/a', $_, not => $victim)
    } qw/ v0 a1 /;

    wait_for(sub { !grep { !$_->frames('video') } values %players }, 10,
        'players to play');

    # in the middle of a segment, with time left for the kill

    my $at = wait_for(sub {
        my $pl = $hls{v0}->list;
        $pl && $pl->{next_part} >= 1 && $pl->{next_part} <= 2
            ? $pl->{next} : undef;
    }, 20, 'an open segment');

    my %before = map { $_ => ($players{$_}->frames('video'))[-1]{time} }
        keys %players;

    my $mark = $t->log_mark;
    $t->kill_worker($victim);
    $t->wait_log(qr/"live\/a" continues/, 20, $mark);

    wait_for(sub {
        my $pl = $hls{v0}->list;
        my ($d) = map { $_->{msn} } grep { $_->{discont} && $_->{msn} >= $at }
            @{$pl->{segments}};

        defined $d && $pl->{next} > $d + 1;
    }, 20, 'segments of the encoder that is back');

    is(stream()->{session}, $session, "$round: the same session");

    for my $door (sort keys %players) {
        my $v = $players{$door};

        wait_for(sub { ($v->frames('video'))[-1]{time}
                       > $before{$door} + 1500 }, 10, "$door to go on");
        ok($v->alive, "$round: $door: the player is still there");

        my @f = $v->frames('video');
        is(scalar(grep { $f[$_]{time} <= $f[$_ - 1]{time} } 1 .. $#f), 0,
            "$round: $door: time goes on");

        my ($jump) = grep { $f[$_]{time} - $f[$_ - 1]{time} > 100 } 1 .. $#f;
        ok($jump && $f[$jump]{key},
            "$round: $door: the new encoder begins with a key frame");
    }

    my %discont;

    for my $track (sort keys %hls) {
        my $v = $hls{$track};
        my @lists = $v->events('playlist');

        is(join(' ', map { "$_->{uri}: $_->{status}" }
                grep { $_->{status} != 200 } @lists, $v->events('part')), '',
            "$round: $track: no request failed");
        is(scalar($v->events('closed')), 0, "$round: $track: none was dropped");
        is(lists_wrong(@lists), '', "$round: $track: playlists only go on");

        my @d = grep { $_ >= $at } discontinuities(@lists);
        is(scalar(@d), 1, "$round: $track: one discontinuity");
        $discont{$track} = $d[0];

        torn($v, $track, $d[0] - 1) if @d;
        whole($v, $track);
    }

    is($discont{a1}, $discont{v0}, "$round: at the same segment");

    $_->stop for values %players, values %hls;
}

is(stream()->{hls}{continued}, 3, 'three returns');

done_testing();

###############################################################################

sub stream { $t->json('/status')->{streams}[0] }


# The segment that was open at the death is what was published of it.

sub torn {
    my ($v, $track, $msn) = @_;

    my $pl = $v->list;
    my ($s) = grep { $_->{msn} == $msn } @{$pl->{segments}};

    ok($s && !$s->{gap}, "$track: the torn segment is there") or return;

    my $parts = 0;
    $parts += $_->{duration} for @{$s->{parts}};

    cmp_ok(abs($parts - $s->{duration}), '<', 0.00001 * @{$s->{parts}},
        "$track: it is as long as its parts");
    cmp_ok($s->{duration}, '<', 2, "$track: which are not all");

    my $file = spit($t->path("torn-$track-$msn.mp4"), get($s->{map})
                    . get($s->{uri}));
    ok(decodes($file), "$track: it decodes");
}


# All segments are their parts, as those were when they were new.

sub whole {
    my ($v, $track) = @_;

    my ($differ, $n) = ('', 0);
    my $pl = $v->list;

    for my $s (grep { @{$_->{parts}} && !$_->{gap} } @{$pl->{segments}}) {
        my @parts = map { $v->{dir} . "/$_->{uri}" } @{$s->{parts}};

        # it has begun in the middle of one

        next if grep { !-f $_ } @parts;

        $n++;
        $differ .= " $s->{uri}"
            if get($s->{uri}) ne join('', map { slurp($_) } @parts);
    }

    cmp_ok($n, '>', 1, "$track: segments with parts");
    is($differ, '', "$track: which are their parts");
}


sub get {
    my ($name) = @_;

    my $r = $t->get("/hls/live/a/$session/$name");
    die "$name: $r->{status}\n" if $r->{status} != 200;

    return $r->{body};
}
