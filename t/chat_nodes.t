#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Rooms over two nodes, busy while workers are killed, one node is reloaded, the
# other and Redis are restarted: everybody has each message once and in order.  The same for
# many more is t/long/chat_nodes.t.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::Crowd;
use Test::NginxLive::Redis;

###############################################################################

Test::NginxLive->need(qw/ live http_live_chat /);
Test::NginxLive->need_program(qw/ redis-server /);

my $redis = Test::NginxLive::Redis->new(args => [ '--appendonly', 'yes',
    '--appendfsync', 'always' ])->start;
my ($a, $b) = Test::NginxLive::Crowd->nodes('redis ' . $redis->address,
    'a', 'b');

# who errs is found

{
    my $crowd = Test::NginxLive::Crowd->new(nodes => [ $a, $b ],
        clients => 8, rooms => 2, rate => 100, patience => 2,
        uri => '/chat/live/cheat', cheat => 'lost,order,twice,untrue')->start;

    $crowd->talk(30);

    is($crowd->found, 'lost: 5, moved: 1, order: 1, twice: 1',
        'faults are found');
    is($crowd->report->{settled}, -1, 'something is missing');
}

# and now without

my $crowd = Test::NginxLive::Crowd->new(nodes => [ $a, $b ], clients => 100,
    rooms => 4, rate => factor() > 1 ? 20 : 80)->start;

$crowd->scope('cluster');
$crowd->talk(40);
$crowd->calm;

for my $t ($a, $b) {
    my ($pid) = $t->workers;

    $t->kill_worker($pid);
    $crowd->talk(40);
}

$b->reload;
$crowd->talk(40);

$a->stop('TERM');
$crowd->talk(20);
$a->start;
$crowd->talk(40);

$redis->stop;
$crowd->scope('node');
$crowd->talk(40);
$redis->start;
note(sprintf('one room again after %.1f s', $crowd->scope('cluster')));
$crowd->talk(40);

my $r = $crowd->good('two nodes');

cmp_ok($r->{resumed}, '>', 0, 'some have come back');
cmp_ok($r->{elsewhere}, '>', 0, 'to another node');

done_testing();
