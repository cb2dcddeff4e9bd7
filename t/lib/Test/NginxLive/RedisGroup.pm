package Test::NginxLive::RedisGroup;

# Copyright (C) nginx-live authors

# Redis servers that stand in for each other.
#
#     my $g = Test::NginxLive::RedisGroup->sentinel;  # two, three sentinels
#     my $g = Test::NginxLive::RedisGroup->cluster;   # three, each with another
#
#     $g->ready;            waits until nobody is missing
#     $g->directive;        for the live {} block
#     $g->servers;          Test::NginxLive::Redis each
#     $g->sentinels;
#     $g->owner($key);      the master that has a key
#     $g->heir($server);    its replica
#     $g->stop;
#
# Of a cluster only: cli(ARGUMENTS of redis-cli), id($server), slot($key),
# whole($server).

use warnings;
use strict;

use List::Util qw/ first /;

use Test::NginxLive::Process qw/ wait_for free_port run_command temp_dir /;
use Test::NginxLive::Redis;

my @FAST = ('--repl-diskless-sync-delay', '0');


sub sentinel {
    my ($class) = @_;

    my $one = Test::NginxLive::Redis->new(args => [ @FAST ])->start;
    my $two = Test::NginxLive::Redis->new(args => [ @FAST, '--replicaof',
        '127.0.0.1', $one->port ])->start;

    my $conf = 'sentinel monitor main 127.0.0.1 ' . $one->port . " 2\n"
        . "sentinel down-after-milliseconds main 1000\n"
        . "sentinel failover-timeout main 6000\n";
    my @sentinels = map {
        Test::NginxLive::Redis->new(sentinel => $conf)->start
    } 1 .. 3;

    my $self = bless { servers => [ $one, $two ],
                       sentinels => \@sentinels }, $class;

    $self->ready;

    return $self;
}


sub cluster {
    my ($class) = @_;

    my @servers = map {
        Test::NginxLive::Redis->new(bus => free_port())
    } 1 .. 6;

    for my $r (@servers) {
        $r->{args} = [ @FAST, '--cluster-enabled', 'yes', '--cluster-port',
            $r->{bus}, '--cluster-node-timeout', 2000 ];
        $r->start;
    }

    my $self = bless { servers => \@servers, sentinels => [] }, $class;

    $self->cli('--cluster', 'create', (map { $_->address } @servers),
        '--cluster-replicas', 1, '--cluster-yes');
    $self->ready;

    return $self;
}


sub servers { @{$_[0]{servers}} }

sub sentinels { @{$_[0]{sentinels}} }

sub stop { $_->stop for @{$_[0]{sentinels}}, @{$_[0]{servers}} }


sub directive {
    my ($self) = @_;

    return 'redis_sentinel name=main '
        . join(' ', map { $_->address } $self->sentinels)
        if $self->sentinels;

    return 'redis_cluster '
        . join(' ', map { $_->address } ($self->servers)[0, 1]);
}


sub ready {
    my ($self) = @_;

    if (!$self->sentinels) {
        return wait_for(sub { !grep { !$self->whole($_) } $self->servers }, 60,
            'cluster');
    }

    return wait_for(sub {
        my $master = $self->owner;
        my $replica = $self->heir;

        return $master && $replica
            && $replica->command('ROLE')->[3] eq 'connected'
            && !grep { !_knows($_, $master->port) } $self->sentinels;
    }, 60, 'sentinels');
}


sub _knows {
    my ($sentinel, $port) = @_;
    my %h = @{$sentinel->command('SENTINEL', 'MASTER', 'main')};

    return $h{port} == $port && $h{'num-slaves'} == 1
        && $h{'num-other-sentinels'} == 2 && $h{flags} eq 'master';
}


# It sees all of the cluster.

sub whole {
    my ($self, $redis) = @_;

    my $role = $redis->command('ROLE');

    return $redis->command('CLUSTER', 'INFO') =~ /cluster_state:ok/
        && $redis->command('CLUSTER', 'NODES') !~ /fail/
        && ($role->[0] eq 'master' || $role->[3] eq 'connected')
        && !grep { @$_ < 4 } @{$redis->command('CLUSTER', 'SLOTS')};
}


sub _role { eval { $_[0]->command('ROLE') } // [ '' ] }


# None of the servers may stand still.

sub owner {
    my ($self, $key) = @_;

    return first { _role($_)->[0] eq 'master' } $self->servers
        if $self->sentinels;

    my $slots;

    for my $r ($self->servers) {
        last if $slots = eval { $r->command('CLUSTER', 'SLOTS') };
    }

    my $slot = $self->slot($key);
    my $range = first { $_->[0] <= $slot && $slot <= $_->[1] } @$slots;

    return first { $_->port == $range->[2][1] } $self->servers;
}


sub heir {
    my ($self, $server) = @_;

    return first {
        my $role = _role($_);
        $role->[0] eq 'slave' && (!$server || $role->[2] == $server->port)
    } $self->servers;
}


sub slot {
    my ($self, $key) = @_;

    for my $r ($self->servers) {
        my $slot = eval { $r->command('CLUSTER', 'KEYSLOT', $key) };
        return $slot if defined $slot;
    }

    die "no server of the cluster answers\n";
}


sub id { $_[1]->command('CLUSTER', 'MYID') }


sub cli {
    my ($self, @args) = @_;

    my $res = run_command(timeout => 60, cmd => [ 'redis-cli', @args ]);

    die "redis-cli @args: $res->{out}$res->{err}" if $res->{rc};

    return $res->{out};
}


1;
