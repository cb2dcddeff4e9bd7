#!/usr/bin/perl

# Copyright (C) nginx-live authors

# hls_waiters is a bound for all workers together; those who wait in a worker
# that dies do not count.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Time::HiRes qw/ time /;

use Test::NginxLive;
use Test::NginxLive::HLS;
use Test::NginxLive::HTTP;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp live_hls live_test /);
Test::NginxLive->need_program(qw/ ffmpeg /);

my $t = Test::NginxLive->new(
    live => 'zone live 64m; publish any;
             hls on; hls_path %%DIR%%/hls; hls_segment 10s;
             hls_target_duration 10s; hls_part 500ms; hls_window 30s;
             application live { hls_waiters 6 3; }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%% reuseport;
             location /hls/ { live_hls; }
             location /test { live_test; }
             location /status { live_status; } }'
)->start;

my $pub = publish($t->rtmp('live/a'), gop => 30, audio => 0);
my $hls = Test::NginxLive::HLS->new($t, 'live/a');
$hls->multi(40);

my $owner = $t->json('/status')->{streams}[0]{owner};
my @workers = sort { ($a->{slot} == $owner) <=> ($b->{slot} == $owner) }
    values %{{ map { $_->{pid} => $_ } map { $t->json('/test') } 1 .. 40 }};

is(scalar @workers, 2, 'two workers');

my ($other, $own) = map { $_->{pid} } @workers;

# four in one, then two in the other, and no more in either

my @first = waiters($other, 4);
is(waiting(@first), 4, 'four wait in a worker');

my @second = waiters($own, 4);
is(waiting(@second), 2, 'only two in the other one');
is(waiting(waiters($other, 1)), 0, 'and no other');

my ($refused) = grep { $_->{status} } @second;
is($refused->{status}, 503, 'it is told so');

# who goes makes room, wherever

$_->{c}->close for @second;

my @more;
wait_for(sub {
    push @more, waiters($other, 1);
    return waiting(@more) == 2;
}, 15, 'room');
is(waiting(waiters($own, 1)), 0, 'room for as many');

# six wait in a worker that is killed

$t->allow_log(qr/exited on signal 9/);
$t->kill_worker($other);

my @after;
wait_for(sub {
    push @after, waiters($own, 1);
    return waiting(@after) == 6;
}, 15, 'room after a death');
is(waiting(waiters($own, 1)), 0, 'six again, and no more');

done_testing();

###############################################################################

# N clients of a worker that ask for the segment after the next one, which is
# seconds away; those that are answered have a status.

sub waiters {
    my ($pid, $n) = @_;

    my $uri = $hls->path($hls->file('v0.m3u8'));
    my @clients;

    while (@clients < $n) {
        my $c = $hls->client;
        my $r = $c->get('/test');

        if ($r->{body} !~ /"pid":$pid\b/) {
            $c->close;
            next;
        }

        push @clients, { c => $c };
    }

    my $list = $hls->list('v0');
    my $msn = $list->{msn} + @{$list->{segments}} + 1;

    for my $client (@clients) {
        $client->{c}->request("$uri?_HLS_msn=$msn");
        %$client = (%$client, %{$client->{c}->response})
            if $client->{c}->readable(0.3);
    }

    return @clients;
}


# How many of them wait still.

sub waiting {
    return scalar grep { !$_->{status} && !$_->{c}->readable(0) } @_;
}
