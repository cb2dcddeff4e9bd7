#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Two thousand clients in twenty rooms over two nodes, 200 messages a second,
# while workers are killed, nodes are reloaded and restarted, and Redis is
# restarted with its data or without it, stands still, is away, or cannot be
# reached from one of them: everybody has each message once and in order.
#
# LIVE_CROWD: another number of clients.  An argument, data, emptied or cut,
# does only that part.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::NginxLive;
use Test::NginxLive::Crowd;
use Test::NginxLive::Load qw/ watch /;
use Test::NginxLive::Redis;

###############################################################################

Test::NginxLive->need(qw/ live http_live_chat /);
Test::NginxLive->need_program(qw/ redis-server /);

my $clients = $ENV{LIVE_CROWD} || 2000;
my $rate = $clients / 10;
my ($redis, $proxy, @nodes, $crowd, $name);

my %parts = (data => \&with_data, emptied => \&emptied, cut => \&cut_off);

$parts{$_}->() for @ARGV ? @ARGV : qw/ data emptied cut /;

done_testing();

###############################################################################

sub with_data {
    $name = 'with its data';

    begin('--appendonly', 'yes', '--appendfsync', 'always');
    kill_workers();
    reload();
    kill_workers();
    restart(0);
    freeze();
    restart(5);
    finish();
}


sub emptied {
    $name = 'emptied';

    begin();
    restart(0);
    restart(5);
    flush();
    restart(0, sub { kill_workers() });
    restart(0, sub { reload() });
    finish();
}


# One node goes on with Redis, the other one alone.

sub cut_off {
    $name = 'cut off';

    $proxy = 1;
    begin();
    restart_nodes();

    for my $code (sub {}, \&kill_workers) {
        my ($pid) = $proxy->workers;

        kill('STOP', $pid);
        wait_for(sub { $crowd->status->{node} }, 10, 'scope node');
        talk(5);
        $code->();
        kill('CONT', $pid);
        again('reached');
    }

    finish();
}


sub begin {
    $redis = Test::NginxLive::Redis->new(args => [ @_ ])->start;

    $proxy &&= Test::NginxLive->new(modules => [], workers => 1,
        stream => "server { listen 127.0.0.1:%%PORT_redis%%;
                            proxy_pass @{[ $redis->address ]}; }")->start;

    @nodes = (
        Test::NginxLive::Crowd->nodes('redis ' . $redis->address, 'a'),
        Test::NginxLive::Crowd->nodes('redis ' . ($proxy
            ? '127.0.0.1:' . $proxy->port('redis') : $redis->address), 'b')
    );

    $crowd = Test::NginxLive::Crowd->new(nodes => \@nodes, rate => $rate,
        clients => $clients, rooms => 20, patience => 60)->start;

    $crowd->scope('cluster');
    talk(10);
    $crowd->calm;
}


sub talk {
    my ($seconds) = @_;
    $crowd->talk($rate * $seconds);
}


# Each worker of each node, so the one that speaks to Redis is among them.

sub kill_workers {
    for my $t (@nodes) {
        for my $pid ($t->workers) {
            $t->kill_worker($pid);
            talk(3);
        }
    }
}


sub reload {
    for my $t (@nodes) {
        $t->reload;
        talk(3);
    }
}


sub restart_nodes {
    for my $t (@nodes) {
        $t->stop('TERM');
        talk(2);
        $t->start;
        talk(3);
    }
}


sub restart {
    my ($pause, $code) = @_;
    my $what = 'restarted' . ($pause ? " after $pause s" : '');

    $redis->stop;

    if ($code) {
        $code->();

    } elsif ($pause) {
        $crowd->scope('node');
        talk($pause);
    }

    $redis->start;
    again($what);
}


sub freeze {
    $redis->freeze;
    $crowd->scope('node');
    talk(3);
    $redis->thaw;
    again('thawed');
}


sub flush {
    $redis->command('FLUSHALL');
    talk(2);
    again('flushed');
}


sub again {
    my ($what) = @_;

    my $watch = watch();
    my $took = $crowd->scope('cluster', 30);

    note(sprintf('Redis %s, %s: one room again after %.1f s', $name, $what,
        $took));
    cmp_ok($watch->(), '<', 10 * factor(), "Redis $name, $what: in time");
    talk(5);
}


sub finish {
    my $r = $crowd->good("Redis $name");

    cmp_ok($r->{resumed}, '>', $clients / 4, "Redis $name: many came back")
        if $r->{lost};
    note("Redis $name: " . JSON::PP->new->canonical->encode(
        $_->json('/status')->{chat})) for @nodes;

    $_->stop for @nodes, $proxy // (), $redis;
}
