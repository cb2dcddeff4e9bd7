#!/usr/bin/perl

# Copyright (C) nginx-live authors

# A worker is killed: its viewers, sessions and pins are gone, its stream is
# adopted and ends in its time, and the zone has what it had before.  A worker
# that is stopped holds its pins, and nothing but that.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::RTMP qw/ str avc_config avc_frame /;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp live_test /);

my $t = Test::NginxLive->new(
    live => 'zone live 16m; publish any; reconnect 3s;
             application live { }
             application small { buffer 1s; buffer_size 1m; reconnect 30s; }',
    stream => 'live_rtmp_flush 10ms;
               server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
                      location /status { live_status; }
                      location /test { live_test; } }'
)->start;

my $zone = $t->json('/status')->{zone};

is($zone->{sessions}, 0, 'no session');
is($zone->{extents}, $zone->{extents_free}, 'all extents are free');

# the owner of a stream, again and again

my $slab;

for my $round (1 .. 3) {
    my $pub = publisher('live', 'a');
    my $victim = worker($pub);
    my (@here, @there);

    # one player and another in each worker

    while (@here < 2 || @there < 2) {
        my $c = client();
        push @{worker($c) == $victim ? \@here : \@there}, $c;
    }

    $#here = $#there = 1;
    player($_, 'live', 'a') for @here, @there;

    my $s = wait_for(sub {
        my $s = status('a');
        $s->{viewers}{rtmp} == 4 && $s
    }, 5, 'viewers');

    my $owner = $s->{owner};
    is($t->json('/status')->{zone}{sessions}, 5, "round $round: sessions");

    my $mark = $t->log_mark;
    $t->kill_worker($victim);

    $t->wait_log(qr/live stream "live\/a" adopted/, 10, $mark);

    $s = wait_for(sub {
        my $s = status('a');
        $s->{owner} != -1 && $s
    }, 5, 'an owner');

    is($s->{viewers}{rtmp}, 2, 'viewers of the dead worker are not counted');
    is($s->{state}, 'waiting', 'the stream waits for its publisher');
    is($t->json('/status')->{zone}{sessions}, 2, 'nor are its sessions');

    # in two of three rounds the publisher comes back

    if ($round > 1) {
        $pub = publisher('live', 'a');
        $t->wait_log(qr/live stream "live\/a" continues/, 5, $mark);
        frame($pub);
        picture($there[0], 2);
        $pub->close;
        $mark = $t->log_mark;
    }

    $t->wait_log(qr/live stream "live\/a" ended/, 10, $mark);
    ok($_->closed, 'its player sees the end') for @there;

    my $end = wait_for(sub {
        my $json = $t->json('/status');
        $json->{zone}{streams} == 0 && $json->{zone}{sessions} == 0
            && $json->{zone}
    }, 5, 'an empty zone');

    is($end->{extents_free}, $zone->{extents_free}, 'all extents are free');

    $slab //= $end->{slab_free};
    is($end->{slab_free}, $slab, 'slab memory too');

    wait_for(sub { $t->workers == 2 }, 10, 'a new worker');
}

my $mark = $t->log_mark;

# a worker with a player only, which is stopped: the writer does not overwrite
# what the player stands in, drops, and goes on when that worker is gone

my $pub = publisher('small', 'p');
my $p = other_worker($pub);
my $victim = worker($p);

player($p, 'small', 'p');
$p->close;
$p = other_worker($pub);
player($p, 'small', 'p');

kill('STOP', $victim);

my $n = 1;
frame($pub) while $n < 120;

my $s = wait_for(sub { my $s = status('p', $victim);
                       $s->{dropped} > 0 && $s }, 10, 'drops');

cmp_ok($s->{memory}, '<=', 1048576, 'no more memory than buffer_size');
cmp_ok($s->{dropped}, '>', 40, 'frames are dropped');
$t->allow_log(qr/no memory for frames of live stream/);

my $frames = $s->{tracks}[0]{frames};
$t->kill_worker($victim);

# the keeper looks every second

wait_for(sub {
    frame($pub) for 1 .. 5;
    status('p')->{tracks}[0]{frames} > $frames + 20
}, 10, 'frames');

pass('frames flow when the worker is dead');

my $q = client();
player($q, 'small', 'p');
picture($q, 2) if frame($pub) && frame($pub);
pass('a new player gets them');

# what is left of a stream whose only holder was killed

$mark = $t->log_mark;
$q->close;
my $again = worker($pub);
$t->kill_worker($again);
$t->wait_log(qr/live stream "small\/p" adopted/, 10, $mark);
is(status('p')->{viewers}{rtmp}, 0, 'no viewer is left');

done_testing();

###############################################################################

# Asks a worker that answers.

sub json {
    my ($stopped) = @_;

    return $t->json('/status') unless $stopped;

    for (1 .. 200) {
        my $h = $t->client;
        my $pid = wait_for(sub { $t->worker_of_port($h->sock->sockport)
                                 || 'none' }, 5, 'a worker');

        next if $pid eq 'none' || $pid == $stopped;

        return JSON::PP::decode_json($h->get('/status')->{body});
    }

    die "no worker answers\n";
}

sub status {
    my ($name, $stopped) = @_;
    return (grep { $_->{name} eq $name } @{json($stopped)->{streams}})[0];
}

sub client {
    return Test::NginxLive::RTMP->new(port => $t->port('rtmp'));
}

sub worker {
    my ($c) = @_;
    return wait_for(sub { $t->worker_of_port($c->local_port) }, 5, 'a worker');
}

sub other_worker {
    my ($other) = @_;
    my $pid = worker($other);

    for (1 .. 200) {
        my $c = client();
        return $c if worker($c) != $pid;
        $c->close;
    }

    die "no client in another worker\n";
}

sub publisher {
    my ($app, $name) = @_;

    my $c = client();
    $c->publish($app, $name);
    $c->{n} = 0;
    $c->video(0, avc_config());
    frame($c);

    return $c;
}

# every fifth is a key frame

sub frame {
    my ($c) = @_;

    $n++ if defined $n;
    return $c->video(40 * $c->{n}, avc_frame($c->{n}++ % 5 == 0, 20000));
}

sub player {
    my ($c, $app, $name) = @_;

    $c->play($app, $name);
    picture($c, 1);
}

sub picture {
    my ($c, $n) = @_;

    for (1 .. $n) {
        $c->wait_message(sub {
            $_[0]{type} == 9 && ord(substr($_[0]{body}, 1)) == 1
        });
    }
}

###############################################################################
