#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Twenty takeovers in a row, from worker to worker, under players of all doors
# in both: at each moment one publisher writes, each player sees all of them,
# in order.  Then many at once: the stream belongs to one of them.

###############################################################################

use warnings;
use strict;

use Test::More;
use Time::HiRes qw/ time sleep /;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::Process qw/ spawn /;
use Test::NginxLive::RTMP qw/ str avc_config aac_config aac_frame /;
use Test::NginxLive::Viewer qw/ worker_client lists_wrong discontinuities /;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp live_flv live_hls /);

my $t = Test::NginxLive->new(
    live => 'zone live 64m;
             application live {
                 publish any; publish_conflict takeover; reconnect 2s;
                 hls on; hls_path %%DIR%%/hls; hls_segment 500ms;
                 hls_target_duration 1s; hls_part 200ms; hls_window 60s;
             }',
    stream => 'live_rtmp_flush 10ms;
               server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
             location /hls/ { live_hls; }
             location /flv/ { live_flv; }
             location /status { live_status; } }'
)->start;

my $before = $t->json('/status')->{zone};
my @workers = $t->workers;
my @publishers = publisher(0, $workers[0]);

wait_for(sub { $t->get('/hls/live/a/index.m3u8')->{status} == 200 }, 20,
    'playlist');

my $session = stream()->{session};
my %players;

for my $i (0, 1) {
    for my $door (qw/ rtmp flv /) {
        for my $n (1, 2) {
            $players{"$door $n in worker $i"} = Test::NginxLive::Viewer->$door(
                $t, 'live/a', worker => $workers[$i]);
        }
    }
}

my %hls = map { $_ => Test::NginxLive::Viewer->hls($t, 'live/a', $_) }
    qw/ v0 a1 /;

wait_for(sub { !grep { !$_->frames('video') } values %players }, 10,
    'players to play');

# one after the other: the other worker, the same one, the other one ...

my @refused;

for my $n (1 .. 20) {
    my $p = publisher($n, $workers[($n >> 1) & 1]);
    my $last = $publishers[-1];

    push @publishers, $p;

    wait_for(sub { !$last->alive }, 10, "the end of publisher " . ($n - 1));
    push @refused, $n if !$p->alive;

    wait_for(sub { !grep { !seen($_, $n) } values %players }, 10,
        "all players to see publisher $n");
}

is("@refused", '', 'each takeover succeeds');
is(stream()->{publisher}{count}, 21, 'all have published');

for my $name (sort keys %players) {
    my $v = $players{$name};

    ok($v->alive, "$name: is connected");
    is(disorder($v->frames('video')), '', "$name: one publisher at a time");
}

for my $track (sort keys %hls) {
    my $v = $hls{$track};
    my @lists = $v->events('playlist');

    is(join(' ', map { "$_->{uri}: $_->{status}" }
            grep { $_->{status} != 200 && !$_->{gap} }
            @lists, $v->events('part')), '', "$track: no request failed");
    is(lists_wrong(@lists), '', "$track: playlists only go on");
    my @d = discontinuities(@lists);
    cmp_ok(scalar(@d), '<=', 20,
        "$track: a discontinuity for each takeover at most");
}

my ($end) = sort { $a <=> $b } map { $_->list->{next} } values %hls;

is(join(' ', grep { $_ < $end } discontinuities($hls{v0}->events('playlist'))),
   join(' ', grep { $_ < $end } discontinuities($hls{a1}->events('playlist'))),
    'at the same segments');

# ten at once

my @crowd = map { publisher(100 + $_, $workers[$_ & 1]) } 1 .. 10;

wait_for(sub { 1 == grep { $_->alive } @crowd }, 20, 'all but one to go');
wait_for(sub { !$publishers[-1]->alive }, 10, 'the one before to go');

my ($winner) = grep { $crowd[$_ - 1]->alive } 1 .. 10;

wait_for(sub { !grep { !seen($_, 100 + $winner) } values %players }, 10,
    'all players to see who has won');

my $s = stream();
is($s->{state}, 'live', 'the stream is live');
is($s->{session}, $session, 'in the same session');

for my $name (sort keys %players) {
    is(disorder($players{$name}->frames('video')), '',
        "$name: one publisher at a time");
}

# the end

$crowd[$winner - 1]->stop('TERM');

wait_for(sub { !$t->json('/status')->{zone}{streams} }, 15,
    'the end of the stream');
wait_for(sub { !grep { $_->alive } values %players }, 10,
    'the end of the players');

my $zone = wait_for(sub {
    my $zone = $t->json('/status')->{zone};
    $zone->{extents_free} == $before->{extents_free}
        && !$zone->{sessions} && $zone;
}, 10, 'an empty zone');

is($zone->{slab_free}, $before->{slab_free}, 'the slab is free');
is(join(' ', $t->workers), "@workers", 'no worker has died');

done_testing();

###############################################################################

sub stream { $t->json('/status')->{streams}[0] // {} }


# A publisher in a process of its own, 25 pictures per second; its number and
# that of the picture are in each, as sizes.

sub publisher {
    my ($number, $worker) = @_;

    my $c = worker_client($t, sub {
        Test::NginxLive::RTMP->new(port => $t->port('rtmp'));
    }, worker => $worker);

    return spawn(cmd => [ "publisher-$number" ], dir => $t->dir, code => sub {
        $c->publish('live', 'a');
        $c->video(0, avc_config());
        $c->audio(0, aac_config());

        my $start = time();

        for (my $i = 0; 1; $i++) {
            $c->video(40 * $i, picture($i % 10 == 0, $number, $i))
                && $c->audio(40 * $i, aac_frame()) or last;

            my $left = $start + ($i + 1) * 0.04 - time();
            sleep($left) if $left > 0;

            last if ended($c);
        }
    });
}


sub picture {
    my ($key, $number, $i) = @_;

    my $nal = chr($key ? 0x65 : 0x41)
              . sprintf('<%d:%d>', $number, $i) . 'f' x 500;

    return pack('CC', $key ? 0x17 : 0x27, 1) . "\0\0\0" . pack('N/a*', $nal);
}


# Whether the server has said that it is over, or closed.

sub ended {
    my ($c) = @_;

    while (IO::Select->new($c->sock)->can_read(0)) {
        my $n = sysread($c->sock, my $buf, 65536);
        return 1 if !$n || $buf =~ /onStatus/;
    }

    return 0;
}


sub seen {
    my ($v, $number) = @_;

    my ($last) = reverse $v->frames('video');
    return $last && $last->{data} =~ /<$number:/;
}


# What is wrong with the pictures: publishers that come back, pictures that are
# missing or come before the first key frame, time that does not go on.

sub disorder {
    my (@frames) = @_;

    my ($number, $i, $time, %over) = (-1, 0, -1);

    for my $f (@frames) {
        my ($n, $m) = $f->{data} =~ /<(\d+):(\d+)>/;

        if ($n != $number) {
            return "publisher $n after $number is there again" if $over{$n};
            return "publisher $n begins without a key frame" if !$f->{key};

            $over{$number} = 1;
            ($number, $i) = ($n, $m - 1);
        }

        return "picture $m of publisher $n after $i" if $m != $i + 1;
        return "time $f->{time} after $time" if $f->{time} <= $time;

        ($i, $time) = ($m, $f->{time});
    }

    return '';
}
