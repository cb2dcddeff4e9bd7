#!/usr/bin/perl

# Copyright (C) nginx-live authors

# A zone that is too small for everybody: the newcomer is refused, those that
# run are not disturbed.  What a reload may and may not change.

###############################################################################

use warnings;
use strict;

use Test::More;
use Time::HiRes qw/ time /;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::RTMP qw/ str avc_config avc_frame /;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp live_test /);

my $t = Test::NginxLive->new(
    live => 'zone live 8m; publish any; reconnect 0; application live { }',
    stream => 'live_rtmp_flush 10ms;
               server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
                      location /status { live_status; }
                      location /test { live_test; } }'
)->start;

my $zone = zone();

# 5 Mbit/s and 8 s of them: 5 of 6.5 megabytes

my $a = publisher('a');
my $player = player('a');
my ($time, $seen, $gaps, $last) = (0, 0, 0);

cmp_ok(send_until_known(25000), '>', 2000000, 'rate is known');

my $b = client();
my $mark = $t->log_mark;

is(try_publish($b, 'b')->{code}, 'NetStream.Failed', 'newcomer is refused');
like($t->wait_log(qr/refused/, 5, $mark),
    qr/\[info\].*publish of "live\/b" refused: live zone is full/, 'log');
is(zone()->{refused}, 1, 'counted');
is(zone()->{streams}, 1, 'nothing is left of it');

# the stream goes on, and has its whole buffer

for (1 .. 300) {
    send_frame($a, 25000);
    read_frame();
}

is($gaps, 0, 'no frame is missing');
is($seen, $a->{frames} - 1, 'all were played');
is(status('a')->{dropped}, 0, 'none was dropped');
cmp_ok(status('a')->{buffered}, '>=', 200, 'the buffer is complete');

$_->close for $a, $player;
wait_for(sub { zone()->{streams} == 0 }, 10, 'the end');
is(zone()->{extents_free}, $zone->{extents_free}, 'all extents are free');

# one of modest size, and one that is let in and wants everything

($time, $seen, $gaps, $last) = (0, 0, 0);

$a = publisher('a');
$player = player('a');

send_until_known(5000);

my $greedy = client();
is(try_publish($greedy, 'greedy')->{code}, 'NetStream.Publish.Start',
    'another newcomer is let in');
$greedy->video(0, avc_config());

for my $n (0 .. 299) {
    $greedy->video(40 * $n, avc_frame($n == 0, 100000));
    send_frame($a, 5000);
    read_frame();
}

$t->allow_log(qr/no memory for frames/);

cmp_ok(wait_for(sub { status('greedy')->{dropped} }, 10, 'drops'), '>', 100,
    'it wants more than there is');
is($gaps, 0, 'no frame of the first one is missing');
is($seen, $a->{frames} - 1, 'all were played');
is(status('a')->{dropped}, 0, 'none was dropped');
cmp_ok(status('a')->{buffered}, '>=', 100, 'it has most of its buffer');
like(($t->log_lines(qr/no memory for frames/))[0],
    qr/\[error\].*of live stream "live\/greedy"/, 'the error names the other');

# the zone cannot change while streams run

for my $change ('zone live 16m', 'zone other 8m') {
    refused_reload($change, qr/zone "live" cannot change while 2 streams run: restart nginx/);
}

refused_reload('zone live 8m streams=10',
    qr/"streams" of zone "live" cannot change: restart nginx/);

is(scalar($t->workers), 2, 'workers go on');
send_frame($a, 5000);
read_frame();
is($gaps, 0, 'streams, too');

# reloads that do not change it

my $before = status('a');

for my $n (1 .. 10) {
    $t->reload;
    send_frame($a, 5000);
    read_frame();
}

my $after = status('a');

is($gaps, 0, 'no frame is missing after ten reloads');
is($seen, $a->{frames} - 1, 'all were played');
is($after->{session}, $before->{session}, 'one and the same stream');
is($after->{generation}, $before->{generation},
    'of the configuration that it was started with');
is($t->json('/status')->{generation}, 11, 'which is not the newest');

my $new = player('a');
ok($new, 'a player of a new worker');
cmp_ok(scalar($t->old_workers), '<=', 2, 'workers without clients are gone');

$_->close for $new, $a, $player, $greedy;

wait_for(sub { zone()->{streams} == 0 }, 10, 'the end');
wait_for(sub { !$t->old_workers }, 10, 'old workers to leave');
is(zone()->{extents_free}, $zone->{extents_free}, 'all extents are free');
is(zone()->{sessions}, 0, 'no session is left');

# without streams its size and name may change

$t->set(live => conf('zone other 16m'));
$t->reload;

is(zone()->{size}, 16777216, 'another zone');
is(zone()->{name}, 'other', 'of another name');

$a = publisher('c');
ok(player('c'), 'which works');

# streams=1

$a->close;
$t->stop;
$t->set(live => conf('zone live 8m streams=1'))->start;

$a = publisher('a');
$mark = $t->log_mark;

is(try_publish($b = client(), 'b')->{code}, 'NetStream.Failed',
    'one stream only');
ok($t->wait_log(qr/refused: live zone is full, too many streams/, 5, $mark),
    'log');

$a->close;
wait_for(sub { zone()->{streams} == 0 }, 10, 'the end');

ok($a = publisher('b'), 'the next one');

# packets that somebody reads: 1.7 megabytes, with which a newcomer of the
# assumed rate, 4.7, has no room beside the first one, 0.5

$a->close;
$t->stop;
$t->set(live => conf('zone live 8m; buffer 13s'))->start;

$a = publisher('a');
$player = player('a');
$last = undef;
send_until_known(1000);

$b = client();
is(try_publish($b, 'b')->{code}, 'NetStream.Publish.Start', 'room for two');
$b->close;
wait_for(sub { zone()->{streams} == 1 }, 10, 'the end of one');

my $reader = $t->client;
$reader->get('/test?packets=live/a');

wait_for(sub {
    send_frame($a, 1000);
    read_frame();
    status('a')->{tracks}[0]{packets}{buffered}
}, 10, 'packets');

$b = client();
is(try_publish($b, 'b')->{code}, 'NetStream.Failed',
    'none with packets of one of them');

$reader->get('/test?close=');
wait_for(sub { !status('a')->{tracks}[0]{packets}{readers} }, 10, 'no reader');

$b = client();
is(try_publish($b, 'b')->{code}, 'NetStream.Publish.Start',
    'without readers there is room again');

$_->close for $a, $b, $player, $reader;

done_testing();

###############################################################################

sub conf {
    my ($zone) = @_;
    return "$zone; publish any; reconnect 0; application live { }";
}

sub refused_reload {
    my ($change, $re) = @_;

    my $mark = $t->log_mark;
    my @workers = $t->workers;

    $t->allow_log(qr/\[emerg\].*cannot change/);
    $t->set(live => conf($change))->write_conf;
    kill('HUP', $t->pid);

    ok($t->wait_log(qr/\[emerg\].*$re/, 10, $mark), "$change is refused");
    is("@{[ $t->workers ]}", "@workers", 'the old workers stay');

    $t->set(live => conf('zone live 8m'));
}

sub zone { $t->json('/status')->{zone} }

sub status {
    my ($name) = @_;
    return (grep { $_->{name} eq $name }
            @{$t->json('/status')->{streams}})[0];
}

sub client {
    return Test::NginxLive::RTMP->new(port => $t->port('rtmp'));
}

sub publisher {
    my ($name) = @_;

    my $c = client();
    $c->publish('live', $name);
    $c->video(0, avc_config());
    send_frame($c, 1000);

    return $c;
}

sub send_frame {
    my ($c, $size) = @_;

    $c->{frames} //= 0;
    return $c->video(40 * $c->{frames}, avc_frame($c->{frames}++ % 25 == 0,
        $size));
}

# Frames as an encoder sends them, 33 a second also when the machine was busy,
# until their rate is known.

sub send_until_known {
    my ($size) = @_;

    my ($start, $n) = (time(), 0);

    return wait_for(sub {
        while ($n * 0.03 <= time() - $start) {
            send_frame($a, $size);
            read_frame();
            $n++;
        }

        return status('a')->{tracks}[0]{bitrate};
    }, 10, 'the rate of a stream');
}

sub player {
    my ($name) = @_;

    my $c = client();
    $c->play('live', $name);
    picture($c);

    return $c;
}

sub picture {
    my ($c) = @_;

    return $c->wait_message(sub {
        $_[0]{type} == 9 && ord(substr($_[0]{body}, 1)) == 1
    });
}

# of the player: times must follow each other

sub read_frame {
    my $m = picture($player);

    $gaps++ if defined $last && $m->{time} != $last + 40;
    $last = $m->{time};
    $seen++;
}

sub try_publish {
    my ($c, $name) = @_;

    $c->handshake;
    $c->connect_app('live');
    $c->{msid} = $c->create_stream;
    $c->command($c->{msid}, 'publish', 0, undef, str($name), 'live');

    return $c->status;
}

###############################################################################
