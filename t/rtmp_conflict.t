#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Two publishers of one stream: reject, takeover, a stale one; in one worker
# and in two.  An encoder that comes back; a stream that ends.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::RTMP qw/ str avc_config avc_frame aac_config aac_frame /;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp /);

my $t = Test::NginxLive->new(
    live => 'zone live 64m; reconnect 1m; publish any;
             application live { publish_stale 1m; }
             application stale { publish_stale 500ms; }
             application over { publish_conflict takeover; }
             application brief { reconnect 1s; }',
    stream => 'live_rtmp_flush 10ms;
               server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }'
)->start;

my $waited = 0;

# the second publisher is in the first one's worker, or in the other one

for my $same (1, 0) {
    my $where = $same ? 'same worker' : 'other worker';

    # reject

    my $name = "r$same";
    my $a = publisher('live', $name);
    my $b = client_of($a, $same);

    is(try_publish($b, 'live', $name), 'NetStream.Publish.BadName',
        "reject: $where");
    ok(alive($a), 'the first goes on');
    $b->close;

    $a->close;

    # reject does not protect a publisher that is silent

    $a = publisher('stale', $name);
    $b = client_of($a, $same);
    my $player = player('stale', $name);

    wait_for(sub {
        my $code = try_publish($b, 'stale', $name);
        return 1 if $code eq 'NetStream.Publish.Start';
        $b->close;
        $b = client_of($a, $same);
        return 0;
    }, 10, 'a stale publisher');

    is($a->status->{description}, 'Publishing was ended by the server.',
        "stale: the first is told: $where");
    closes($a, 'and closed');

    media($b, 50000, 3);
    ok(frames($player, 3), 'its player goes on');
    $_->close for $b, $player;

    # takeover

    $name = "t$same";
    $a = publisher('over', $name);
    $player = player('over', $name);
    my $last = frames($player, 1);

    $b = client_of($a, $same);
    is(try_publish($b, 'over', $name), 'NetStream.Publish.Start',
        "takeover: $where");
    is($a->status->{code}, 'NetStream.Failed', 'the first is told');
    closes($a, 'and closed');

    media($b, 9000, 4);
    my $next = frames($player, 4);
    cmp_ok($next, '>', $last, 'time goes on for its player');
    cmp_ok($next, '<', $last + 5000, 'without a jump');

    # and again by the next one

    my $c = client_of($b, $same);
    is(try_publish($c, 'over', $name), 'NetStream.Publish.Start',
        "takeover of a takeover: $where");
    closes($b, 'the second is closed');
    media($c, 0, 2);
    ok(frames($player, 2), 'the player goes on');
    $_->close for $c, $player;
}

# an encoder that returns within "reconnect"

my $a = publisher('live', 'back');
my $player = player('live', 'back');
my $last = frames($player, 1);
my $mark = $t->log_mark;

$a->close;
$t->wait_log(qr/"live\/back" lost its publisher/, 5, $mark);

my $late = player('live', 'back');
ok(frames($late, 1), 'a player while it is away');

my $b = client();
is(try_publish($b, 'live', 'back'), 'NetStream.Publish.Start', 'it is back');
$t->wait_log(qr/"live\/back" continues/, 5, $mark);

# frames that no decoder could use are not sent

$b->video(0, avc_config());
$b->video(0, avc_frame(0, 999));
media($b, 0, 3);

my $next = frames($player, 3);
cmp_ok($next, '>', $last, 'its player goes on');
is($player->{inter}, 0, 'from a key frame');
ok(frames($late, 3), 'so does the later one');

# and one that does not

$mark = $t->log_mark;
$b->close;

$a = publisher('brief', 'back');
$player = player('brief', 'back');
$a->close;
$t->wait_log(qr/"brief\/back" ended/, 10, $mark);

is($player->status->{code}, 'NetStream.Play.UnpublishNotify',
    'the player is told that the stream has ended');
is($player->status->{code}, 'NetStream.Play.Stop', 'and that it is stopped');
closes($player, 'and closed');

$b = client();
$b->handshake;
$b->connect_app('brief');
$b->command($b->create_stream, 'play', 0, undef, 'back');
is($b->status->{code}, 'NetStream.Play.StreamNotFound', 'it is gone');

# a new stream of that name begins anew

$mark = $t->log_mark;
$a = publisher('brief', 'back');
$t->wait_log(qr/"brief\/back" started/, 5, $mark);
$player = player('brief', 'back');
ok(frames($player, 1), 'and is played');

done_testing();

###############################################################################

sub client {
    return Test::NginxLive::RTMP->new(port => $t->port('rtmp'));
}


# A client in the same worker as another one, or in the other worker.

sub client_of {
    my ($other, $same) = @_;

    my $pid = $t->worker_of_port($other->local_port);

    for (1 .. 200) {
        my $c = client();
        my $its = wait_for(sub { $t->worker_of_port($c->local_port) }, 5,
            'a worker');
        return $c if ($its == $pid) == ($same ? 1 : 0);
        $c->close;
    }

    die "no client in " . ($same ? 'the same' : 'another') . " worker\n";
}


sub publisher {
    my ($app, $name) = @_;

    my $c = client();
    $c->publish($app, $name);
    media($c, 0, 2);

    return $c;
}


sub media {
    my ($c, $time, $n) = @_;

    $c->{msid} = 1;
    $c->video($time, avc_config());
    $c->video($time + 40 * $_, avc_frame(1, 200 + $_)) for 0 .. $n - 1;
}


sub try_publish {
    my ($c, $app, $name) = @_;

    $c->handshake;
    $c->connect_app($app);
    $c->command($c->create_stream, 'publish', 0, undef, str($name), 'live');

    return $c->status->{code};
}


sub player {
    my ($app, $name) = @_;

    my $c = client();
    $c->play($app, $name);
    return $c;
}


# Reads N frames and returns the time of the last.

sub frames {
    my ($c, $n) = @_;

    my $m;
    $c->{inter} = 0;

    for (1 .. $n) {
        $m = $c->wait_message(sub {
            $_[0]{type} == 9 && ord(substr($_[0]{body}, 1)) == 1
        });
        $c->{inter}++ if ord($m->{body}) != 0x17;
    }

    return $m->{time};
}


# The server leaves a client some time to read why; one that has read it says
# so, except the first.

sub closes {
    my ($c, $what) = @_;

    $c->sock->shutdown(1) if $waited++;
    ok($c->closed, $what);
}


sub alive {
    my ($c) = @_;

    $c->message(csid => 2, type => 'control', body => pack('nN', 6, 99));
    my $m = $c->wait_message(sub { $_[0]{type} == 4
                                   && $_[0]{body} =~ /^\0\x07/ });
    return $m ? 1 : 0;
}
