#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Takeover while the owner does not answer: newcomers wait for a second, the
# last of them gets the stream, and only one writes.  One that goes while it
# waits leaves nothing behind.

###############################################################################

use warnings;
use strict;

use Test::More;
use Time::HiRes qw/ time /;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive::Load qw/ watch /;
use Test::NginxLive;
use Test::NginxLive::RTMP qw/ str avc_config avc_frame /;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp /);

my $t = Test::NginxLive->new(
    live => 'zone live 32m; publish any; publish_conflict takeover;
             reconnect 2s; application live { }',
    stream => 'live_rtmp_flush 10ms;
               server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
                      location /status { live_status; } }'
)->start;

# the owner's worker is stopped, two newcomers are in the other one

my $a = client();
$a->publish('live', 'a');
media($a, 0);

my $owner = worker($a);
my ($p, $b, $c) = others($owner, 3);

$p->play('live', 'a');
picture($p);

ready($b);
ready($c);

kill('STOP', $owner);

my $mark = $t->log_mark;
my $start = time();

$b->command($b->{msid}, 'publish', 0, undef, str('a'), 'live');
$c->command($c->{msid}, 'publish', 0, undef, str('a'), 'live');

is($c->status->{code}, 'NetStream.Publish.Start', 'the last one publishes');
cmp_ok(time() - $start, '>', 0.7, 'not before the owner had its second');

is($b->status->{code}, 'NetStream.Publish.BadName', 'the other is refused');
is(scalar($t->log_lines(qr/live stream "live\/a" continues/, $mark)), 1,
    'one of them has begun');

media($c, 5000);
ok(picture($p), 'the player goes on');

# the former owner wakes up: it writes no more

$a->video(10000, avc_frame(1, 777));
kill('CONT', $owner);

is($a->status->{description}, 'Publishing was ended by the server.',
    'the owner is told when it wakes up');
ok($a->closed, 'and closed');

media($c, 6000);
my @sizes = map { length picture($p)->{body} } 1 .. 3;
is(scalar(grep { $_ > 700 } @sizes), 0, 'nothing of it is seen');

is(status('a')->{publisher}{count}, 2, 'two publishers so far');

# back to the other worker, which answers at once

($b) = others(worker($c), 1);
my $watch = watch();
ready($b);
$b->command($b->{msid}, 'publish', 0, undef, str('a'), 'live');
is($b->status->{code}, 'NetStream.Publish.Start', 'taken back');
cmp_ok($watch->(), '<', 0.7, 'at once');
ok($c->closed, 'from the one before');

# a newcomer that goes while it waits: the stream waits for a publisher

$owner = worker($b);
($c) = others($owner, 1);
ready($c);

my $slot = status('a')->{owner};

kill('STOP', $owner);
$mark = $t->log_mark;

$c->command($c->{msid}, 'publish', 0, undef, str('a'), 'live');

wait_for(sub { status('a', $owner)->{owner} != $slot }, 5, 'the take-over');
$c->sock->shutdown(2);

wait_for(sub { status('a', $owner)->{state} eq 'waiting' }, 5,
    'the end of the take-over');
kill('CONT', $owner);

ok($b->closed, 'the owner gives up all the same');
$t->wait_log(qr/live stream "live\/a" adopted/, 10, $mark);
pass('somebody adopts the stream');

$t->wait_log(qr/live stream "live\/a" ended/, 10, $mark);
ok($p->closed, 'and ends it');

is(scalar($t->log_lines(qr/\[alert\]/)), 0, 'no alert');

done_testing();

###############################################################################

sub client {
    return Test::NginxLive::RTMP->new(port => $t->port('rtmp'));
}

sub worker {
    my ($c) = @_;
    return wait_for(sub { $t->worker_of_port($c->local_port) }, 5, 'a worker');
}

# N clients that are not in a worker.

sub others {
    my ($pid, $n) = @_;
    my @clients;

    for (1 .. 300) {
        my $c = client();
        push @clients, $c if worker($c) != $pid;
        return @clients if @clients == $n;
    }

    die "no clients in another worker\n";
}

sub ready {
    my ($c) = @_;

    $c->handshake;
    $c->connect_app('live');
    $c->{msid} = $c->create_stream;
}

sub media {
    my ($c, $time) = @_;

    $c->video($time, avc_config());
    $c->video($time + 40 * $_, avc_frame(1, 200 + $_)) for 0 .. 3;
}

sub picture {
    my ($c) = @_;

    return $c->wait_message(sub {
        $_[0]{type} == 9 && ord(substr($_[0]{body}, 1)) == 1
    });
}

sub status {
    my ($name, $stopped) = @_;

    for (1 .. 200) {
        my $h = $t->client;
        my $pid = wait_for(sub { $t->worker_of_port($h->sock->sockport) }, 5,
            'a worker');

        next if defined $stopped && $pid == $stopped;

        my $json = JSON::PP::decode_json($h->get('/status')->{body});
        return (grep { $_->{name} eq $name } @{$json->{streams}})[0];
    }

    die "no worker answers\n";
}

###############################################################################
