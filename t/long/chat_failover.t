#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Rooms over two nodes whose Redis is watched by Sentinel or is a cluster: the
# chat goes on while another server takes over, and everybody has all of it
# once and in order.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::NginxLive;
use Test::NginxLive::Crowd;
use Test::NginxLive::RedisGroup;

###############################################################################

Test::NginxLive->need(qw/ live http_live_chat /);
Test::NginxLive->need_program(qw/ redis-server redis-cli /);

my $rate = 40;

{
    my $group = Test::NginxLive::RedisGroup->sentinel;
    my ($sentinel) = $group->sentinels;
    my ($crowd, @nodes) = begin($group);
    my $heir = $group->heir;

    wait_for(sub {
        eval { $sentinel->command('SENTINEL', 'FAILOVER', 'main'); 1 }
    }, 20, 'failover');
    through($crowd, 'by hand', $heir);

    $group->ready;
    my $master = $group->owner;
    $heir = $group->heir;

    $master->stop;
    through($crowd, 'a dead master', $heir);

    $crowd->good('Sentinel');
    $_->stop for @nodes;
    $group->stop;
}

{
    my $group = Test::NginxLive::RedisGroup->cluster;
    my ($crowd, @nodes) = begin($group);

    # keys of the chat have one tag

    my $master = $group->owner('{chat}');
    my $heir = $group->heir($master);

    $heir->command('CLUSTER', 'FAILOVER');
    through($crowd, 'by hand', $heir);

    $group->ready;
    ($master, $heir) = ($heir, $group->heir($heir));

    $master->stop;
    through($crowd, 'a dead master', $heir);

    $crowd->good('cluster');
    $_->stop for @nodes;
    $group->stop;
}

done_testing();

###############################################################################

sub begin {
    my ($group) = @_;

    my @nodes = Test::NginxLive::Crowd->nodes($group->directive, 'a', 'b');
    my $crowd = Test::NginxLive::Crowd->new(nodes => \@nodes, rate => $rate,
        clients => 200, rooms => 8, patience => 60)->start;

    $crowd->scope('cluster');
    $crowd->talk($rate * 2);
    $crowd->calm;

    return ($crowd, @nodes);
}


# What is said after the failover is heard at the other node by way of the new
# master, whose streams grow.

sub through {
    my ($crowd, $name, $heir) = @_;

    wait_for(sub { $heir->command('ROLE')->[0] eq 'master' }, 30,
        'a new master');
    note(sprintf('%s: one room again %.1f s later', $name,
        $crowd->scope('cluster', 30)));

    my $before = length_of($heir);
    $crowd->talk($rate * 3);
    cmp_ok(length_of($heir), '>', $before, "$name: the new master has it");
}


sub length_of {
    my ($redis) = @_;
    my $n = 0;

    for my $key (@{$redis->command('KEYS', '*{chat}:room:*')}) {
        $n += $redis->command('XLEN', $key)
            if $redis->command('TYPE', $key) eq 'stream';
    }

    return $n;
}
