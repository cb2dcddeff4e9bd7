#!/usr/bin/perl

# Copyright (C) nginx-live authors

# What a room says of those in it and of its stream: health, who comes and
# goes, who takes part, who types; and how many may come from one address.

###############################################################################

use warnings;
use strict;

use Test::More;

use JSON::PP qw/ decode_json /;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::Chat;
use Test::NginxLive::Token;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp http_live_chat
    ngx_http_live_token_module ngx_live_test_module /);
Test::NginxLive->need_program(qw/ openssl ffmpeg /);

my $dir = Test::NginxLive::temp_dir();
chmod(0755, $dir);
my $keys = Test::NginxLive::Token->new($dir, 'HS256');

my $t = Test::NginxLive->new(
    live => "zone live 64m; token_key " . $keys->dir . ";
        application live { publish any; play any; }
        application talk { play any; chat_typing on; }",
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'limit_conn_zone $binary_remote_addr zone=few:1m;
             limit_conn_zone $live_token_sub zone=own:1m;
             server { listen 127.0.0.1:%%PORT_http%% reuseport;
             location /status { live_status; }
             location /test { live_test; }
             location /few/ { live_chat; live_chat_guests write;
                              limit_conn few 2; }
             location /own/ { live_chat; limit_conn own 1; }
             location /chat/ { live_chat; live_chat_guests write; } }'
)->start;

# health: to moderators, while the stream is live

my $mod = user('mona', role => 'moderator');
my $viewer = user('vera');
$_->join for $mod, $viewer;

my $es = $t->client;
$es->get("/chat/live/a?token=" . token('carl', role => 'creator'), stream => 1,
    headers => { Accept => 'text/event-stream' });

my $pub = publish($t->rtmp('live/a'), fps => 10, gop => 10, rate => '200k',
    audio => 44100);

my $h = $mod->wait('health', sub { $_[0]{fps} && $_[0]{gop} }, 20);

ok(abs($h->{fps} - 10) < 4, 'frame rate') or diag($h->{fps});
ok(abs($h->{gop} - 1000) < 100, 'key frames') or diag($h->{gop});
cmp_ok($h->{bitrate}, '>', 50000, 'bit rate');
is($h->{dropped}, 0, 'dropped');
is($h->{viewers}, 3, 'viewers');

my $text = '';
$text .= $es->read_bytes(1, 10) until $text =~ /^data: .*"health".*\n\n/m;
ok(decode_json($text =~ /^data: (.*"health".*)\n/m)->{bitrate}, 'as an event');
$es->close;

is(scalar(grep { $_->{type} eq 'health' } @{$viewer->{seen}}, drain($viewer)),
    0, 'viewers are not told');

$pub->stop;
$mod->wait('state', sub { $_[0]{state} ne 'live' });
@{$mod->{seen}} = ();

$_->close for $mod, $viewer;

# who comes and goes, by name, in a small room: ann has three connections

my $room = '/chat/live/small';
my $bob = enter($room, 'bob');
my @ann = map { enter($room, 'ann') } 1 .. 3;
my $p;
presence($bob, joined => $_) for qw/ bob ann /;

is(scalar(grep { $_ eq 'ann' } names($bob, 'joined')), 1,
    'one of several connections joins once');
$_->close for @ann[1, 2];

# carl moves to another connection, dora leaves

my $carl = enter($room, 'carl');
my $dora = enter($room, 'dora');
presence($bob, joined => $_) for qw/ carl dora /;

$_->close for $carl, $dora;
$carl = enter($room, 'carl');

$p = presence($bob, left => 'dora');
is($p->{viewers}, 3, 'viewers');
is_deeply([ names($bob, 'left') ], [ 'dora' ], 'nobody else has left');
is(scalar(grep { $_ eq 'carl' } names($bob, 'joined')), 1,
    'and who moved has not joined again');

# a worker dies: who comes back has not left

my $other = worker($bob);
my ($fay, $gil) = map { enter_beside($other, $room, $_) } qw/ fay gil /;
presence($bob, joined => $_) for qw/ fay gil /;

$t->allow_log(qr/exited on signal 9/);
$t->kill_worker(worker($fay));
@{$bob->{seen}} = ();

$fay = enter($room, 'fay');
presence($bob, left => 'gil');
is(scalar(grep { $_ eq 'fay' } names($bob, 'left'), names($bob, 'joined')), 0,
    'of one who comes back nobody is told');

$_->close for $bob, $fay;

# who takes part by WebRTC, as a module says it: over one connection, so that
# it is one worker's

my $http = $t->client;

takes_part('joined', id => 'wendy', audio => 1);

$mod = user('mona', role => 'moderator');
$viewer = user('vera');
my $wendy = user('wendy');
$_->join for $viewer, $wendy;

my $w = $mod->join;
is_deeply($w->{room}{participants}, [ { user => { id => 'wendy',
    name => 'wendy', role => 'viewer' }, audio => JSON::PP::true,
    video => JSON::PP::false } ], 'participants are in the welcome');

my $j = takes_part('joined', id => 'walt', video => 1);
$j = $viewer->wait('joined');
is_deeply([ $j->{user}{id}, map { $_ ? 1 : 0 } @$j{qw/ audio video /} ],
    [ 'walt', 0, 1 ], 'joined');
takes_part('joined', id => 'walt');
takes_part('status', id => 'walt', audio => 1);
$j = $viewer->wait('status');
is_deeply([ $j->{user}{id}, map { $_ ? 1 : 0 } @$j{qw/ audio video /} ],
    [ 'walt', 1, 1 ], 'status');

is($wendy->refused(type => 'status', video => JSON::PP::true), undef,
    'a participant sets flags');
$j = $viewer->wait('status');
is_deeply([ $j->{user}{id}, map { $_ ? 1 : 0 } @$j{qw/ audio video /} ],
    [ 'wendy', 1, 1 ], 'all of them are told');
is($viewer->refused(type => 'status', video => JSON::PP::true), 'forbidden',
    'who does not take part cannot');

takes_part('left', id => 'walt');
takes_part('left', id => 'walt');
is($viewer->wait('left')->{user}{id}, 'walt', 'left, by the last connection');
is(scalar(grep { $_->{type} eq 'joined' } drain($viewer)), 0, 'joined once');

takes_part('joined', id => "w$_") for 1 .. 70;
my @there = @{$mod->join->{room}{participants}};
is(scalar @there, 64, 'there are at most so many');
takes_part('left', id => "w$_") for 1 .. 70;

# the worker that has one dies

my $victim = $http->{sock} && $t->worker_of_port($http->sock->sockport);
my @all = ($mod, $viewer, $wendy);

while (!grep { worker($_) != $victim } @all) {
    die "all go to one worker\n" if @all > 30;
    push @all, user('watcher');
}

my ($watch) = grep { worker($_) != $victim } @all;
$watch->join;
$t->kill_worker($victim);
is($watch->wait('left', sub { $_[0]{user}{id} eq 'wendy' }, 15)->{user}{id},
    'wendy', 'he has left, too');
is($watch->refused(type => 'status', audio => JSON::PP::true), undef,
    'where nobody takes part anybody has flags');
$_->{ws}{http}->close for @all;

# who types, where this is on

my ($tom, $tim) = map { my $c = enter_room('/chat/talk/a', $_); $c->join; $c }
    qw/ tom tim /;

$tom->send(type => 'typing') for 1 .. 5;
ok($tim->wait('typing')->{on}, 'one types');
$tom->ask(type => 'typing', on => JSON::PP::false);
my @typing = ($tim->wait('typing'),
              grep { $_->{type} eq 'typing' } drain($tim));
is_deeply([ map { $_->{on} ? 1 : 0 } @typing ], [ 0 ],
    'it is told once, and that he has stopped');

$_ = enter_room('/chat/live/a', $_), $_->join for my ($x, $y) = qw/ x y /;
is($x->refused(type => 'typing'), undef, 'where it is off');
is(scalar(grep { $_->{type} eq 'typing' } drain($y)), 0, 'nobody is told');
$_->close for $tom, $tim, $x, $y;

# connections are limited by nginx

my @c = map { enter_room('/few/live/a', "f$_") } 1 .. 3;
is_deeply([ map { $_->{ws}{status} } @c ], [ 101, 101, 503 ],
    'limit_conn counts a WebSocket');
push @c, map { enter_room('/own/live/a', $_) } qw/ a b a /;
is_deeply([ map { $_->{ws}{status} } @c[3 .. 5] ], [ 101, 101, 503 ],
    'of one user, too');
$_->{ws}{http}->close for @c;
ok(wait_for(sub {
    my $c = enter_room('/few/live/a', 'g');
    my $ok = $c->{ws}{status} == 101;
    $c->{ws}{http}->close;
    $ok }, 10, 'free again'), 'while it lasts');

done_testing();

###############################################################################

sub token {
    my ($sub, @claims) = @_;
    return $keys->token('HS256', sub => $sub, stream => 'live/*', @claims);
}


sub user {
    return enter_room('/chat/live/a', @_);
}


sub enter_room {
    my ($path, @token) = @_;
    return Test::NginxLive::Chat->new($t, "$path?token=" . token(@token));
}


sub enter {
    my $c = enter_room(@_);
    $c->join;
    return $c;
}


# At another worker than that one.

sub enter_beside {
    my ($pid, @user) = @_;

    for (1 .. 50) {
        my $c = enter(@user);
        return $c if worker($c) != $pid;
        $c->close;
    }

    die "all go to worker $pid\n";
}


sub worker { $t->worker_of_port($_[0]{ws}{http}->sock->sockport) }


# Who was told to have joined, or left, up to now.

sub names {
    my ($c, $what) = @_;
    return map { map { $_->{id} } @{$_->{$what} // []} }
           grep { $_->{type} eq 'presence' } @{$c->{seen}};
}


sub presence {
    my ($c, $what, $who) = @_;

    return if grep { $_ eq $who } names($c, $what);

    my $m = $c->wait('presence', sub { grep { $_->{id} eq $who }
                                       @{$_[0]{$what} // []} }, 15);
    push @{$c->{seen}}, $m;
    ok($m, "$who $what");

    return $m;
}


sub takes_part {
    my ($what, %who) = @_;
    my $args = join('&', "participant=$what", map { "$_=$who{$_}" } %who
        ? sort keys %who : ());
    my $r = $http->get("/test?$args");
    die "/test: $r->{status}\n" if $r->{status} != 200;
}


# All that has been told up to now.

sub drain {
    my ($c) = @_;
    $c->ask(type => 'history', limit => 1);
    return splice(@{$c->{seen}});
}

###############################################################################
