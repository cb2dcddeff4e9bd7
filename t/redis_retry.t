#!/usr/bin/perl

# Copyright (C) nginx-live authors

# When a worker comes back to a server that throws it out: at growing
# intervals, each of a random length, so that workers do not come at once.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Socket::INET;
use List::Util qw/ max min /;
use Time::HiRes qw/ time /;

use Test::NginxLive;

###############################################################################

Test::NginxLive->need(qw/ live /);

my $port = free_port();
my $file = temp_dir() . '/times';

sub server {
    my $listen = IO::Socket::INET->new(Listen => 20, ReuseAddr => 1,
        LocalAddr => '127.0.0.1', LocalPort => $port) or die $!;

    while (1) {
        close($listen->accept // next);

        open(my $fh, '>>', $file) or die $!;
        printf $fh "%.4f\n", time();
    }
}

sub attempts { split(' ', slurp($file)) }

spawn(cmd => [ 'server' ], code => \&server);

my $t = Test::NginxLive->new(
    workers => 1,
    live => "zone live 8m; redis 127.0.0.1:$port;
             redis_connect_timeout 10s;
             application live { publish any; }",
)->start;

wait_for(sub { attempts() >= 6 }, 10, 'six attempts');

my @times = attempts();
my @fractions;

for my $n (0 .. 4) {
    my $most = 0.1 * 2 ** $n;
    my $gap = $times[$n + 1] - $times[$n];

    push @fractions, $gap / $most;

    note(sprintf('attempt %d after %d ms', $n + 2, $gap * 1000));
    cmp_ok($gap, '>=', $most / 2 - 0.005, 'not too soon');
    cmp_ok($gap, '<=', $most + 0.3 * factor(), 'nor too late');
}

cmp_ok(max(@fractions) - min(@fractions), '>', 0.01, 'at random');

done_testing();
