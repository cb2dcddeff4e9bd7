#!/usr/bin/perl

# Copyright (C) nginx-live authors

# A worker that is told to go answers those who wait for Redis first; what
# nobody waits for does not keep it.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();

use Test::NginxLive;
use Test::NginxLive::Redis;

###############################################################################

Test::NginxLive->need(qw/ live live_test /);
Test::NginxLive->need_program(qw/ redis-server /);

my $redis = Test::NginxLive::Redis->new->start;

# far more time than a worker has to exit

my $t = Test::NginxLive->new(
    live => "zone live 8m; redis @{[ $redis->address ]};
             redis_timeout 300s; redis_keepalive 600s;
             application live { publish any; }",
    http => 'server { listen 127.0.0.1:%%PORT_http%% reuseport;
             location /redis { live_test_redis; }
             location /status { live_status; } }'
)->start;

sub redis_workers { @{$t->json('/status')->{redis}{workers}} }

sub all_up {
    wait_for(sub { !grep { !$_->{up} } redis_workers() }, 20, 'Redis');
}

sub ask {
    my ($args) = @_;

    my $c = $t->client;
    $c->request("/redis?$args");

    return $c;
}

sub answer { JSON::PP::decode_json($_[0]->response->{body} || '{}') }

sub pending {
    my ($n) = @_;

    wait_for(sub {
        my $sum = 0;
        $sum += $_->{pending} for redis_workers();
        $sum == $n
    }, 10, "$n commands to wait");
}

# Redis answers a worker that has been told to go

all_up();
$redis->freeze;

my $client = ask('cmd=PING&n=3');
pending(3);

my ($pid) = $t->worker_of_port($client->sock->sockport);

$t->reload;
wait_for(sub { $t->old_workers <= 1 }, 10, 'the other worker to exit');
is_deeply([ $t->old_workers ], [ $pid ], 'the one that is waited for stays');

$redis->thaw;

my $r = answer($client);
is($r->{pid}, $pid, 'it answers');
is($r->{reply}, 'PONG', 'what Redis said');
is($r->{answers}, 3, 'all of it');

wait_for(sub { !$t->old_workers }, 10, 'its exit');
pass('and exits');

# nobody waits

all_up();
$redis->freeze;

is(answer(ask('cmd=PING&n=3&cancel=1'))->{refused}, 0, 'given');
pending(3);

$t->reload;
wait_for(sub { !$t->old_workers }, 10, 'exit');
pass('commands that nobody waits for do not keep a worker');

$redis->thaw;
all_up();

# there is none: the time is over

$t->set(live => $t->{live} =~ s/redis_timeout 300s/redis_timeout 2s/r);
$t->reload;
wait_for(sub { !$t->old_workers }, 10, 'exit');
all_up();

$redis->stop;
wait_for(sub { !grep { $_->{up} } redis_workers() }, 20, 'loss of Redis');

$client = ask('cmd=PING');
pending(1);

$t->reload;

$r = answer($client);
is($r->{down}, 1, 'without Redis the time is awaited');

wait_for(sub { !$t->old_workers }, 10, 'its exit');
pass('and no more');

done_testing();
