#!/usr/bin/perl

# Copyright (C) nginx-live authors

# An encoder whose network is cut sends no FIN: its connection stands, silent.
# It is protected for "publish_stale" and gets its stream back afterwards, or
# at once by a takeover; no player is disconnected, HLS goes on after one
# discontinuity.

###############################################################################

use warnings;
use strict;

use Test::More;
use Time::HiRes qw/ time /;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive::Load qw/ watch /;
use Test::NginxLive;
use Test::NginxLive::RTMP qw/ str /;
use Test::NginxLive::Viewer qw/ lists_wrong discontinuities /;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp live_flv live_hls /);
Test::NginxLive->need_program(qw/ ffmpeg /);

my $t = Test::NginxLive->new(
    live => 'zone live 64m; publish any; reconnect 20s;
             hls on; hls_path %%DIR%%/hls; hls_segment 1s;
             hls_target_duration 2s; hls_part 200ms; hls_window 60s;
             application live { }
             application over { publish_conflict takeover; }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
             location /hls/ { live_hls; }
             location /flv/ { live_flv; }
             location /status { live_status; } }'
)->start;

my %stale = (live => 3, over => 0);
my %first = map { $_ => publish($t->rtmp("$_/a"), gop => 15) } keys %stale;
my (%players, %session, %second);

for my $app (sort keys %stale) {
    wait_for(sub { $t->get("/hls/$app/a/index.m3u8")->{status} == 200 }, 20,
        "playlist of $app");

    $session{$app} = stream($app)->{session};

    my ($owner) = map { /\[notice\] (\d+)#/ }
        $t->log_lines(qr/"$app\/a" started/);

    # in both workers

    for my $where (qw/ worker not /) {
        for my $door (qw/ rtmp flv /) {
            $players{$app}{"$door, $where"} =
                Test::NginxLive::Viewer->$door($t, "$app/a", $where => $owner);
        }
    }

    for my $track (qw/ v0 a1 /) {
        $players{$app}{$track} = Test::NginxLive::Viewer->hls($t, "$app/a",
            $track, session => $session{$app});
    }
}

for my $app (sort keys %stale) {
    wait_for(sub { !grep { !$_->frames('video') } doors($app) }, 10,
        'players to play');
}

# they are cut off

$_->signal('STOP') for values %first;
my $start = time();
my $watch = watch();

is(try_publish('live'), 'NetStream.Publish.BadName',
    'a second encoder is refused while the first one may be there');

$second{over} = publish($t->rtmp('over/a'), gop => 15);
wait_for(sub { stream('over')->{publisher}{count} == 2 }, 5, 'takeover');
cmp_ok($watch->(), '<', 3, 'takeover: at once');

wait_for(sub {
    $second{live} = publish($t->rtmp('live/a'), gop => 15)
        unless $second{live} && $second{live}->alive;
    stream('live')->{publisher}{count} == 2;
}, 15, 'the encoder to be let in');

my $took = time() - $start;

cmp_ok($took, '>', 2, 'reject: not before publish_stale');
cmp_ok($watch->(), '<', 6, 'reject: soon afterwards');

for my $app (sort keys %stale) {

    # each has pictures of the second encoder

    for my $name (grep { /,/ } sort keys %{$players{$app}}) {
        my $v = $players{$app}{$name};
        my $i;

        wait_for(sub {
            my @f = $v->frames('video');
            ($i) = grep { $f[$_]{seen} > $start
                          && $f[$_]{time} - $f[$_ - 1]{time} > 45 } 1 .. $#f;
            $i && $#f > $i + 30;
        }, 10, "$app: $name to go on");

        ok($v->alive, "$app: $name: is connected");
        my @f = $v->frames('video');
        ok($f[$i]{key}, "$app: $name: goes on with a key frame");
        is(scalar(grep { $f[$_]{time} <= $f[$_ - 1]{time} } 1 .. $#f), 0,
            "$app: $name: time goes on");

        # as long in the picture as in life

        my $gap = ($f[$i]{time} - $f[$i - 1]{time}) / 1000;
        my $away = $f[$i]{seen} - $f[$i - 1]{seen};
        cmp_ok(abs($gap - $away), '<', 1, "$app: $name: as much as has passed");
    }

    my %discont;

    for my $track (qw/ v0 a1 /) {
        my $v = $players{$app}{$track};

        wait_for(sub {
            my $pl = $v->list;
            my ($d) = grep { $_->{discont} } @{$pl->{segments}};
            $d && $pl->{next} > $d->{msn} + 1;
        }, 15, "$app: $track to go on");

        my @lists = $v->events('playlist');

        is(join(' ', map { "$_->{uri}: $_->{status}" }
                grep { $_->{status} != 200 } @lists,
                grep { !$_->{gap} } $v->events('part')), '',
            "$app: $track: no request failed");
        is(scalar($v->events('closed')), 0, "$app: $track: nor was dropped");
        is(lists_wrong(@lists), '', "$app: $track: playlists only go on");

        $discont{$track} = join(' ', discontinuities(@lists));
        unlike($discont{$track}, qr/ /, "$app: $track: one discontinuity");
    }

    is($discont{a1}, $discont{v0}, "$app: at the same segment");
    is(stream($app)->{session}, $session{$app}, "$app: the same session");

    # the network is back: the first one finds itself closed

    $first{$app}->signal('CONT');
    isnt($first{$app}->wait(10), undef, "$app: the first encoder ends");
    ok($second{$app}->alive, "$app: the second goes on");
    is(stream($app)->{publisher}{count}, 2, "$app: undisturbed");
}

done_testing();

###############################################################################

sub stream {
    my ($app) = @_;

    my ($s) = grep { $_->{application} eq $app }
        @{$t->json('/status')->{streams}};

    return $s // {};
}


sub doors {
    my ($app) = @_;
    return map { $players{$app}{$_} } grep { /,/ } keys %{$players{$app}};
}


sub try_publish {
    my ($app) = @_;

    my $c = Test::NginxLive::RTMP->new(port => $t->port('rtmp'));

    $c->handshake;
    $c->connect_app($app);
    $c->command($c->create_stream, 'publish', 0, undef, str('a'), 'live');

    my $code = $c->status->{code};
    $c->close;

    return $code;
}
