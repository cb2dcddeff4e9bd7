#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Sentinel: the master is found through sentinels, and found again when it is
# another one.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::Redis;

###############################################################################

Test::NginxLive->need(qw/ live live_test /);
Test::NginxLive->need_program(qw/ redis-server /);

my $one = Test::NginxLive::Redis->new->start;
my $two = Test::NginxLive::Redis->new(args => [ '--replicaof', '127.0.0.1',
    $one->port, '--repl-diskless-sync-delay', '0' ])->start;

my @sentinels = map { sentinel() } 1 .. 2;

sub sentinel {
    return Test::NginxLive::Redis->new(sentinel => <<END)->start;
sentinel monitor main 127.0.0.1 @{[ $one->port ]} 1
sentinel down-after-milliseconds main 1000
sentinel failover-timeout main 6000
END
}

sub knows {
    my ($s, $field, $value) = @_;
    my %h = @{$s->command('SENTINEL', 'MASTER', 'main')};
    return $h{$field} == $value;
}

wait_for(sub { $two->command('ROLE')->[3] eq 'connected' }, 20, 'replica');

for my $s (@sentinels) {
    wait_for(sub { knows($s, 'num-slaves', 1)
        && knows($s, 'num-other-sentinels', 1) }, 30, 'sentinels');
}

my $t = Test::NginxLive->new(
    workers => 1,
    live => "zone live 8m;
             redis_sentinel name=main 127.0.0.1:@{[ free_port() ]}
                 @{[ map { $_->address } @sentinels ]};
             redis_timeout 500ms; redis_connect_timeout 500ms;
             application live { publish any; }",
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
             location /redis { live_test_redis; }
             location /status { live_status; } }'
)->start;

sub ask { $t->json('/redis?' . ($_[0] // '')) }

wait_for(sub { ask()->{up} }, 10, 'connection');
pass('past a sentinel that is not there');
is($t->json('/status')->{redis}{mode}, 'sentinel', 'mode');

is(ask('cmd=SET,a,1')->{reply}, 'OK', 'a command');
is($one->command('GET', 'a'), 1, 'to the master');

ask('sub=news');
wait_for(sub { ask()->{resyncs} == 1 }, 10, 'subscription');
pass('subscribed');

# a failover by hand

wait_for(sub {
    eval { $sentinels[0]->command('SENTINEL', 'FAILOVER', 'main'); 1 }
}, 20, 'failover');

wait_for(sub { $two->command('ROLE')->[0] eq 'master' }, 30, 'new master');
my $m = wait_for(sub {
    my $r = ask('cmd=SET,a,2');
    $r->{reply} eq 'OK' && $two->command('GET', 'a') eq '2'
}, 10, 'a command to the new master');
pass('the other one is the master');

wait_for(sub { ask()->{resyncs} >= 2 }, 10, 'resync');
$two->command('PUBLISH', 'news', 'x');
wait_for(sub { grep { $_->[1] eq 'x' } @{ask()->{messages}} }, 10, 'message');
pass('subscribed there');

# the master dies, and one of the sentinels

wait_for(sub { $one->command('ROLE')->[0] eq 'slave'
    && $one->command('ROLE')->[3] eq 'connected' }, 30, 'replica');
wait_for(sub { knows($sentinels[1], 'num-slaves', 1) }, 30, 'sentinel');

$two->stop;

wait_for(sub { (ask('cmd=SET,a,3')->{reply} // '') eq 'OK'
    && $one->command('GET', 'a') eq '3' }, 40, 'the first master again');
pass('the master died');

$_->stop for @sentinels;
is(ask('cmd=GET,a')->{reply}, 3, 'without sentinels it goes on');

$one->stop;
wait_for(sub { !ask()->{up} }, 10, 'nothing is left');
$t->wait_log(qr/\[warn\].*redis \S+ is down: (?:no sentinel answers|timed out)/);
pass('nothing is left');

$one->start;
$sentinels[0]->start;
wait_for(sub { ask()->{up} }, 40, 'return');
pass('it has returned');

done_testing();
