#!/usr/bin/perl

# Copyright (C) nginx-live authors

# The opening of a session: what had allowed it holds no more by the time it
# is entered, a module does not want it, or it holds a lease.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::RTMP qw/ avc_config avc_frame /;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp live_flv live_test /);

my $t = Test::NginxLive->new(
    live => 'zone live 32m;
             application live { publish any; play any; }',
    stream => 'live_rtmp_flush 10ms;
               server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
                      location /status { live_status; }
                      location /flv/ { live_flv; }
                      location /test { live_test; } }'
)->start;

my $pub = client();
$pub->publish('live', 'a?lease=1&sub=alice');
$pub->video(0, avc_config());
$pub->video(0, avc_frame(1));

ok($t->wait_log(qr/test session open, lease 1, sub "alice"/),
    'a module is told of a session, its lease and whose it is');

# players who are not to be, by the time they are in

for my $args (qw/ confirm=no open=no /) {
    my $mark = $t->log_mark;

    my $play = client();
    $play->play('live', "a?$args&lease=2");
    is(ended($play), 'NetStream.Play.Failed', "RTMP, $args: told");
    ok($play->closed(5), 'and closed');

    my $flv = flv("$args&lease=2");
    is($flv->{r}{status}, 200, "FLV, $args: it was allowed");
    ok($flv->{c}->closed(5), 'and closed');

    closed($mark, 2, 2);
}

# a publisher

for my $args (qw/ confirm=no open=no /) {
    my $c = client();
    $c->publish('live', "b?$args&lease=3");
    is($c->status->{description}, 'Publishing was ended by the server.',
        "publisher, $args: told");
    ok($c->closed(5), 'and closed');
}

ok(wait_for(sub {
    !grep { $_->{name} eq 'live/b' } @{ $t->json('/status')->{streams} }
}, 5, 'end of the stream'), 'its stream has ended');

# by the lease, and no others

my @mark = ($t->log_mark);
my @play = map { my $c = client(); $c->play('live', "a?lease=$_"); $c } 4, 5;
my $flv = flv('lease=4');
my $none = flv('');

$_->wait_message(sub { $_[0]{type} == 9 }) for @play;

is($t->json('/test?lease=4')->{ended}, 2, 'sessions of a lease are ended');
ok($play[0]->closed(5), 'RTMP');
ok($flv->{c}->closed(5), 'FLV');
closed($mark[0], 4, 2);

is($t->json('/test?lease=0')->{ended}, 0, 'none is no lease');

$pub->video(40, avc_frame(1, 500));
ok($play[1]->wait_message(sub { $_[0]{type} == 9 && length $_[0]{body} > 500 }),
    'another one goes on');

$_->close for $pub, $play[1];
closed($mark[0], 5, 1);

done_testing();

###############################################################################

sub client { Test::NginxLive::RTMP->new(port => $t->port('rtmp')) }


sub flv {
    my $c = $t->client;

    return { c => $c, r => $c->request("/flv/live/a.flv?$_[0]")
                             ->response(stream => 1) };
}


# the last word to a player

sub ended {
    my ($c) = @_;

    for (1 .. 5) {
        my $code = $c->status->{code};
        return $code if $code !~ /Reset|Start/;
    }
}


# the module is told of the end of each, once

sub closed {
    my ($mark, $lease, $n) = @_;

    my $found = sub {
        scalar(() = $t->log_since($mark)
            =~ /test session close, lease $lease\b/g);
    };

    wait_for(sub { $found->() >= $n }, 5, "end of $n sessions");
    is($found->(), $n, "$n sessions of lease $lease were closed");
}
