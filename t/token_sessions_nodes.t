#!/usr/bin/perl

# Copyright (C) nginx-live authors

# max_sessions on two nodes with one Redis: sessions of both are counted
# together, one that gives way is ended on whichever node it runs; while Redis
# is away each node counts alone, and when it is back, empty, counts are right
# again.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Time::HiRes qw/ time /;

use Test::NginxLive;
use Test::NginxLive::Load qw/ watch /;
use Test::NginxLive::RTMP;
use Test::NginxLive::Redis;
use Test::NginxLive::Token;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp live_flv live_hls
    ngx_http_live_token_module ngx_stream_live_token_module /);
Test::NginxLive->need_program(qw/ redis-server ffmpeg openssl /);

my $redis = Test::NginxLive::Redis->new->start;
my $dir = Test::NginxLive::temp_dir();
chmod(0755, $dir);
my $keys = Test::NginxLive::Token->new($dir, 'HS256');

my ($a, $b) = map { node($_) } qw/ a b /;
my @pub = map { my $t = $_; map { publish($t->rtmp("$_/a"), gop => 30,
    size => '160x90', rate => '200k') } qw/ refuse replace / } $a, $b;

wait_for(sub { up($_) }, 10, 'Redis') for $a, $b;

# the limit holds over both

my $va = viewer($a, 'refuse', 'alice');
my $vb = viewer($b, 'refuse', 'alice');

is(reload($va), 200, 'a player');
is(reload($vb), 403, 'no other one at the other node');
is(flv($b, 'refuse', 'alice'), 403, 'nor over FLV');
is(reload($va), 200, 'who was there stays');
is(reload({ %$va, t => $b, video => $vb->{video} =~ s/sid=.*/sid=$va->{sid}/r
    }), 200, 'a player may go over to the other node');
is(scalar(@{$redis->command('KEYS', 'nl:sessions:*')}), 2, 'in two keys');

my ($key) = @{$redis->command('KEYS', 'nl:sessions:*:lease')};
cmp_ok($redis->command('PTTL', $key), '>', 0, 'which do not last');
is($redis->command('ZCARD', $key), 1, 'as one session');
unlike($key, qr/alice/, "nobody's name is told");

# of connections, too, and as long as they last

my $rtmp = player($a, 'refuse', 'bob');
is(flv($b, 'refuse', 'bob'), 403, 'RTMP at the other node');
later(6);
is(flv($b, 'refuse', 'bob'), 403, 'is renewed');
$rtmp->close;
my $watch = watch();
wait_for(sub { flv($b, 'refuse', 'bob') == 200 }, 5, 'its place');
cmp_ok($watch->(), '<', 1 * factor(), 'free at once');

# a client that goes before it has an answer, and one that finds no stream

is(flv($a, 'refuse', 'bob', 'none'), 404, 'no such stream');
wait_for(sub { flv($b, 'refuse', 'bob') == 200 }, 2, 'no place is taken');

# the oldest gives way, wherever it is

$va = viewer($a, 'replace', 'carol');
$vb = viewer($b, 'replace', 'carol');
is(reload($va), 200, 'a player');
is(reload($vb), 200, 'another one, at the other node');
wait_for(sub { reload($va) == 403 }, 2, 'the end of the first one');
is(reload($vb), 200, 'the second one goes on');
is(reload($va), 403, 'the first one does not return');

$rtmp = player($a, 'replace', 'carol');
wait_for(sub { reload($vb) == 403 }, 2, 'the end of the second one');
my $flv = flv_client($b, 'replace', 'carol');
$watch = watch();
ok($rtmp->closed(5), 'FLV at one node ends RTMP at the other');
cmp_ok($watch->(), '<', 1 * factor(), 'within a second');
is(reload(viewer($a, 'replace', 'carol')), 200, 'and HLS');
$watch = watch();
ok($flv->closed(5), 'FLV');
cmp_ok($watch->(), '<', 1 * factor(), 'within a second');

# Redis goes: each node counts alone

my $da = player($a, 'refuse', 'dan');
$va = viewer($a, 'refuse', 'erin');
is(reload($va), 200, 'a player before Redis goes');

$redis->stop;
wait_for(sub { reload($va) && !up($_) }, 10, 'the loss of Redis') for $a, $b;

is(reload($va), 200, 'who plays goes on');
is(flv($a, 'refuse', 'dan'), 403, 'this node knows its own');

my $ga = player($a, 'refuse', 'gil');
my $db = player($b, 'refuse', 'dan');
my $ha = player($a, 'replace', 'hal');
my $hb = player($b, 'replace', 'hal');
pass('and nobody else');

# it is back and knows nothing: the newest has to go, or the oldest

is(reload($va), 200, 'a player of HLS is still there');
$vb = viewer($b, 'refuse', 'erin');

$redis->start;
$watch = watch();

wait_for(sub { reload($va) == 200 && reload($vb) == 403 }, 5,
    'the player of HLS');

ok($db->closed(10), 'one too many: the newest');
ok($ha->closed(10), 'one too many: the oldest');
wait_for(sub { flv($b, 'refuse', 'gil') == 403 }, 10,
    'what was opened meanwhile');
cmp_ok($watch->(), '<', 5 * factor(), 'within five seconds');
ok(!$da->closed(0.1), 'who has the place stays');
ok(!$hb->closed(0.1), 'and who has taken it');

# it stands still: nobody waits for long

$redis->freeze;
$watch = watch();
is(flv($a, 'refuse', 'ida'), 200, 'without an answer');
cmp_ok($watch->(), '<', 3 * factor(), 'after some time');
my $ja = player($a, 'refuse', 'joe');
wait_for(sub { !up($_) }, 10, 'the loss of Redis') for $a, $b;
$redis->thaw;
$watch = watch();
wait_for(sub { flv($b, 'refuse', 'joe') == 403 }, 10, 'what it has missed');
cmp_ok($watch->(), '<', 5 * factor(), 'within five seconds');

# a worker dies

wait_for(sub { up($_) }, 10, 'Redis') for $a, $b;
$rtmp = player($a, 'refuse', 'kim');
is(flv($b, 'refuse', 'kim'), 403, 'a player');
$a->kill_worker($a->worker_of_port($rtmp->local_port));
wait_for(sub { flv($b, 'refuse', 'kim') == 200 }, 10, 'what a dead worker had');

is($_->json('/status')->{token_sessions}{unlimited}, 0, 'all had their place')
    for $a, $b;

$_->close for grep { defined } $da, $hb, $ga, $ja;
$_->stop for @pub;

done_testing();

###############################################################################

sub node {
    my ($name) = @_;

    return Test::NginxLive->new(
        live => "node $name; zone live 32m; token_key $dir/keys;
                 redis @{[ $redis->address ]};
                 redis_timeout 500ms; redis_connect_timeout 500ms;
                 hls on; hls_path %%DIR%%/hls; hls_segment 1s;
                 hls_target_duration 1s; hls_part 200ms; hls_window 20s;
                 application refuse { publish any; play token;
                                      token_sessions refuse lease=4s; }
                 application replace { publish any; play token;
                                       token_sessions replace lease=4s; }",
        stream => 'live_rtmp_flush 10ms;
                   server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
        http => 'server { listen 127.0.0.1:%%PORT_http%%;
                 location /flv/ { live_flv; }
                 location /hls/ { live_hls; }
                 location /status { live_status; } }'
    )->start;
}


sub up {
    my ($t) = @_;

    my $workers = $t->json('/status')->{redis}{workers};
    return !grep { !$_->{up} } @$workers;
}


sub later {
    my ($end) = time() + $_[0];
    wait_for(sub { time() > $end }, $_[0] + 5, 'later');
}


sub token {
    my ($sub) = @_;
    return $keys->token('HS256', sub => $sub, stream => '*',
                        max_sessions => 1);
}


sub viewer {
    my ($t, $app, $sub) = @_;

    my $token = token($sub);
    my $index = wait_for(sub {
        my $r = $t->get("/hls/$app/a/index.m3u8?token=$token");
        $r->{status} == 200 && $r->{body};
    }, 20, 'the multivariant playlist');

    return { t => $t, sid => $index =~ /[?&]sid=([\w-]+)/,
             video => "/hls/$app/a/" . ($index =~ /^(\w+\/v0\.\S+)/m)[0] };
}


sub reload {
    my ($v) = @_;
    return $v->{t}->get($v->{video}, headers => { 'User-Agent' => 'a' })
        ->{status};
}


sub player {
    my ($t, $app, $sub) = @_;

    my $c = Test::NginxLive::RTMP->new(port => $t->port('rtmp'));
    $c->play($app, 'a?token=' . token($sub));
    $c->wait_message(sub { $_[0]{type} == 9 });

    return $c;
}


sub flv {
    my ($t, $app, $sub, $name) = @_;

    $name //= 'a';

    my $c = $t->client;
    my $r = $c->request("/flv/$app/$name.flv?token=" . token($sub))
        ->response(stream => 1);
    $c->close;

    return $r->{status};
}


sub flv_client {
    my ($t, $app, $sub) = @_;

    my $c = $t->client;
    my $r = $c->request("/flv/$app/a.flv?token=" . token($sub))
        ->response(stream => 1);
    is($r->{status}, 200, 'FLV');

    return $c;
}
