#!/usr/bin/perl

# Copyright (C) nginx-live authors

# A cluster of three masters: keys by slots, redirections, a slot that moves, a
# node that is gone.

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

my @nodes = map { Test::NginxLive::Redis->new(bus => free_port()) } 1 .. 3;

for my $node (@nodes) {
    $node->{args} = [ '--cluster-enabled', 'yes', '--cluster-port',
        $node->{bus}, '--cluster-node-timeout', 2000,
        '--cluster-require-full-coverage', 'no' ];
    $node->start;
}

# before the nodes know each other

my $t = Test::NginxLive->new(
    workers => 1,
    live => "zone live 8m;
             redis_cluster 127.0.0.1:@{[ free_port() ]}
                 @{[ map { $_->address } @nodes[1, 2] ]} prefix=t:;
             redis_timeout 500ms; redis_connect_timeout 500ms;
             application live { publish any; }",
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
             location /redis { live_test_redis; }
             location /status { live_status; } }'
)->start;

sub ask { $t->json('/redis?' . ($_[0] // '')) }

$t->wait_log(qr/\[warn\].*redis \S+ is \w+: its cluster has no slots/);
is(ask('cmd=SET,a,1&key=1')->{down}, 1, 'no cluster yet');

my @ranges = ([ 0, 5460 ], [ 5461, 10922 ], [ 10923, 16383 ]);

for my $i (0 .. 2) {
    $nodes[$i]->command('CLUSTER', 'ADDSLOTSRANGE', @{$ranges[$i]});
    $nodes[$i]->command('CLUSTER', 'SET-CONFIG-EPOCH', $i + 1);
    $nodes[0]->command('CLUSTER', 'MEET', '127.0.0.1', $nodes[$i]->port,
        $nodes[$i]{bus}) if $i;
}

for my $node (@nodes) {
    wait_for(sub {
        $node->command('CLUSTER', 'INFO') =~ /cluster_state:ok/
        && @{$node->command('CLUSTER', 'SLOTS')} == 3
    }, 20, 'cluster');
}

wait_for(sub { ask()->{up} }, 15, 'connection');
is(scalar($t->log_lines(qr/its cluster has no slots/, 0)) < 20, 1, 'no storm');
is($t->json('/status')->{redis}{mode}, 'cluster', 'mode');

# foo: 12182, bar: 5061, a: 15495, b: 3300, c: 7365

my %slot = (b => 0, c => 1, a => 2);

for my $key (sort keys %slot) {
    is(ask("cmd=SET,$key,1&key=1")->{reply}, 'OK', "SET $key");
    is($nodes[$slot{$key}]->command('GET', $key), 1, 'on its node');
}

is(ask('cmd=MSET,x{a},1,y{a},2&key=1')->{reply}, 'OK', 'one hash tag');
is(ask('script=b,5')->{reply}, 6, 'script');
is(ask('script=c,5')->{reply}, 6, 'on another node');
like(ask('cmd=MSET,a,1,b,2&key=1')->{reply}, qr/^CROSSSLOT/, 'two slots');
is(ask('cmd=PING')->{reply}, 'PONG', 'without a key');
is(ask('cmd=INCR,n&key=1&n=200')->{reply}, 200, 'many');

# a wrong guess is put right

is(ask('cmd=GET,a')->{reply}, 1, 'without a key: MOVED is followed');

# messages from any node

ask('sub=t:news');
wait_for(sub { ask()->{resyncs} == 1 }, 10, 'subscription');
$_->command('PUBLISH', 't:news', $_->port) for @nodes;
wait_for(sub { @{ask()->{messages}} == 3 }, 10, 'messages');
pass('messages of all nodes');

# a slot moves: ASK, then MOVED

my ($from, $to) = @nodes[0, 1];
my ($from_id, $to_id) = map { $_->command('CLUSTER', 'MYID') } $from, $to;

$to->command('CLUSTER', 'SETSLOT', 3300, 'IMPORTING', $from_id);
$from->command('CLUSTER', 'SETSLOT', 3300, 'MIGRATING', $to_id);

is(ask('cmd=GET,b&key=1')->{reply}, 6, 'what is still there');
is(ask('cmd=SET,new{b},2&key=1')->{reply}, 'OK', 'what is not: ASK');
is(ask('script=other{b},3')->{reply}, 3, 'a script');
is(ask('cmd=INCR,third{b}&key=1&n=20')->{reply}, 20, 'twenty at once');

my ($asked) = $to->command('INFO', 'commandstats')
    =~ /cmdstat_asking:calls=(\d+)/;
cmp_ok($asked, '>=', 22, 'each was preceded by ASKING');
is($from->command('CLUSTER', 'COUNTKEYSINSLOT', 3300), 1, 'nothing new here');
is($to->command('CLUSTER', 'COUNTKEYSINSLOT', 3300), 3, 'but there');

$from->command('MIGRATE', '127.0.0.1', $to->port, 'b', 0, 1000);
$_->command('CLUSTER', 'SETSLOT', 3300, 'NODE', $to_id) for $to, $from;

is(ask('cmd=GET,b&key=1')->{reply}, 6, 'MOVED');

my ($moved) = $from->command('INFO', 'errorstats') =~ /MOVED:count=(\d+)/;
is(ask('cmd=INCR,b&key=1&n=50')->{reply}, 56, 'again');
my ($again) = $from->command('INFO', 'errorstats') =~ /MOVED:count=(\d+)/;
is($again, $moved, 'is remembered');

# a node is gone

$nodes[0]->stop;

is(ask('cmd=GET,a&key=1')->{reply}, 1, 'the others go on');
my $r = wait_for(sub {
    my $r = ask('cmd=GET,bar&key=1');
    $r->{errors} && $r
}, 10, 'error');
pass("a key of it: $r->{reply}");

$nodes[0]->start;

wait_for(sub {
    my $r = ask('cmd=SET,bar,1&key=1');
    !$r->{errors}
}, 20, 'return');
is(ask('cmd=GET,bar&key=1')->{reply}, 1, 'it has returned');

done_testing();
