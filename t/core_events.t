#!/usr/bin/perl

# Copyright (C) nginx-live authors

# Events: their order, what other workers see of them, a ring that runs over.
# The session registry: sessions of another worker are ended by id, jti, sub
# and stream.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::RTMP qw/ str avc_config avc_frame /;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp live_test /);

my $t = Test::NginxLive->new(
    live => 'zone live 32m; publish any; reconnect 0;
             application live { }
             application over { publish_conflict takeover; }',
    stream => 'live_rtmp_flush 10ms;
               map $live_args $sub { ~sub=(?<who>\w+) $who; }
               map $live_args $jti { ~jti=(?<what>\w+) $what; }
               server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
                      location /status { live_status; }
                      location /test { live_test; } }'
)->start;

# a stream's life

my $pub = publisher('live', 'a');
my $p = player('a');

$p->close;
wait_events('live/a', 'play_done');
$pub->close;
wait_events('live/a', 'end');

is(join(' ', map { $_->{type} } events('live/a')),
    'publish codec play play_done publish_done end', 'events in their order');

my @events = events('live/a');

is($events[0]{detail}, '127.0.0.1', 'address of the publisher');
like($events[1]{detail}, qr/^avc1\./, 'codec');
is(scalar(grep { $_->{stream} != $events[0]{stream} } @events), 0,
    'one number of the stream');
is(scalar(grep { $events[$_]{seq} <= $events[$_ - 1]{seq} } 1 .. $#events), 0,
    'numbers increase');

# each worker sees all of them, its own subscribers see its own

my %seen;

wait_for(sub {
    my $json = $t->json('/test?events=0');
    $seen{$json->{pid}} = join(' ', map { $_->{seq} } @{$json->{events}});
    keys %seen == 2
}, 10, 'answers of both workers');

my @seen = values %seen;
is($seen[0], $seen[1], 'workers see the same events');

is(scalar($t->log_lines(qr/test event publish "live\/a" "127\.0\.0\.1"/)), 1,
    'a subscriber is called once');

# a follower goes on where it was

my $last = $events[-1]{seq};
is(scalar(@{$t->json("/test?events=$last")->{events}}), 0, 'nothing is new');

# a takeover: the old one leaves, the stream goes on

$pub = publisher('over', 'b');
my $next = publisher('over', 'b');
ok($pub->closed, 'the first is closed');
$next->close;
wait_events('over/b', 'end');

is(join(' ', map { $_->{type} } grep { $_->{type} ne 'codec' }
        events('over/b')),
    'publish publish_done publish publish_done end', 'events of a takeover');
is((events('over/b'))[-1]{type}, 'end', 'the end is the last one');

# sessions are ended from a worker that does not hold them

$pub = publisher('live', 'c');
my $uid = (events('live/c'))[0]{stream};

for my $by (qw/ sub jti session /) {
    $p = player("c?sub=s$by&jti=j$by");
    my $other = player('c?sub=other&jti=other');

    my $id = $by eq 'sub' ? 'ssub' : $by eq 'jti' ? 'jjti' : sessions();

    # the newest session is that of the other one

    $id-- if $by eq 'session';

    is(end_from_elsewhere($p, "$by=$id"), 1, "one session by $by");
    ok($p->closed, "ended by $by");
    ok(alive($other), "by $by: the other is left alone");
    is($t->json("/test?$by=$id")->{ended}, 0, "by $by: it is gone");

    $other->close;
}

my @players = map { player('c?sub=both') } 1 .. 3;

wait_for(sub { status('c')->{viewers}{rtmp} == 3 }, 5, 'viewers');
is(end_from_elsewhere($players[0], 'sub=both'), 3, 'all of a sub');
ok($_->closed, 'ended') for @players;

@players = map { player('c') } 1 .. 2;

is(end_from_elsewhere($pub, "stream=$uid"), 3, 'all of a stream');
ok($_->closed, 'ended') for @players, $pub;

is($t->json('/test?sub=nobody')->{ended}, 0, 'nobody');

wait_for(sub { $t->json('/status')->{zone}{sessions} == 0 }, 5,
    'no session to be left');
pass('no session is left');

# more than the ring holds

my $first = $t->json('/test?events=0')->{events}[0]{seq};
is($first, 1, 'none is lost so far');

publisher('live', "d$_")->close for 1 .. 330;

wait_events('live/d330', 'end');

my $json = $t->json('/test?events=0');

cmp_ok($json->{lost}, '>', 250, 'a follower knows how many it has missed');
is(scalar(@{$json->{events}}), 1024, 'and gets the newest');
is($json->{events}[0]{seq}, $json->{lost} + 1, 'all of them');

$last = $json->{events}[-1]{seq};
is($json->{events}[$_]{seq}, $last - 1023 + $_, 'in order')
    for 0, 1, 500, 1023;

# a publisher that keeps on changing its mind

$pub = publisher('live', 'e');

for (1 .. 20) {
    $pub->audio(0, pack('H*', 'af00' . ($_ % 2 ? '1190' : '1210')));
}

ok($pub->closed, 'a track that changes all the time is refused');
ok($t->wait_log(qr/codec configuration cannot be kept/), 'and it is said');

done_testing();

###############################################################################

sub events {
    my ($name) = @_;
    return grep { $_->{name} eq $name }
        @{$t->json('/test?events=0')->{events}};
}

sub wait_events {
    my ($name, $type) = @_;

    wait_for(sub { grep { $_->{type} eq $type } events($name) }, 10,
        "$type of $name");
}

sub status {
    my ($name) = @_;
    return (grep { $_->{name} eq $name }
            @{$t->json('/status')->{streams}})[0];
}

sub client {
    return Test::NginxLive::RTMP->new(port => $t->port('rtmp'));
}

sub publisher {
    my ($app, $name) = @_;

    my $c = client();
    $c->publish($app, $name);
    $c->video(0, avc_config());
    $c->video(0, avc_frame(1));

    return $c;
}

sub player {
    my ($name) = @_;

    my $c = client();
    $c->play('live', $name);
    $c->wait_message(sub { $_[0]{type} == 9 });

    return $c;
}

# ids are given one after the other

sub sessions {
    return scalar(grep { $_->{type} =~ /^p(?:ublish|lay)$/ }
        @{$t->json('/test?events=0')->{events}});
}

# Asks workers until one that does not hold the client's connection answers.

sub end_from_elsewhere {
    my ($c, $what) = @_;

    my $pid = $t->worker_of_port($c->local_port);

    for (1 .. 200) {
        my $h = $t->client;
        my $its = wait_for(sub { $t->worker_of_port($h->sock->sockport) }, 5,
            'a worker');

        if ($its != $pid) {
            my $r = $h->get("/test?$what");
            return JSON::PP::decode_json($r->{body})->{ended};
        }

        $h->close;
    }

    die "no answer of another worker\n";
}

sub alive {
    my ($c) = @_;

    $c->message(csid => 2, type => 'control', body => pack('nN', 6, 99));

    my $m = $c->wait_message(sub { $_[0]{type} == 4
                                   && $_[0]{body} =~ /^\0\x07/ });
    return $m ? 1 : 0;
}

###############################################################################
