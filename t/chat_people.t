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
    ngx_http_live_token_module /);
Test::NginxLive->need_program(qw/ openssl ffmpeg /);

my $dir = Test::NginxLive::temp_dir();
chmod(0755, $dir);
my $keys = Test::NginxLive::Token->new($dir, 'HS256');

my $t = Test::NginxLive->new(
    live => "zone live 64m; token_key " . $keys->dir . ";
        application live { publish any; play any; }",
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%% reuseport;
             location /status { live_status; }
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
my @ann = map { enter($room, 'ann') } 1 .. 3;
my $bob = enter($room, 'bob');
my $p = presence($bob, joined => 'bob');

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


# All that has been told up to now.

sub drain {
    my ($c) = @_;
    $c->ask(type => 'history', limit => 1);
    return splice(@{$c->{seen}});
}

###############################################################################
