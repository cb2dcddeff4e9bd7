#!/usr/bin/perl

# Copyright (C) nginx-live authors

# FLV over HTTP/1: what a player is sent, and when it ends; methods, errors,
# access checks; the access log's bytes.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive::Load qw/ watch /;
use Test::NginxLive;
use Test::NginxLive::FLV;

###############################################################################

Test::NginxLive->need(qw/ live stream_live_rtmp http_live_flv live_test /);
Test::NginxLive->need_program(qw/ ffmpeg ffprobe /);

my $t = Test::NginxLive->new(
    live => 'zone live 64m; application live { publish any; reconnect 1s; }
             application closed { publish any; play none; }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'log_format live "$request_method $status $bytes_sent "
                             "$body_bytes_sent $live_app/$live_name $live_args";
             server { listen 127.0.0.1:%%PORT_http%%;
             keepalive_timeout 60s;
             location /flv/ {
                 live_flv;
                 access_log %%DIR%%/flv.log live;
             }
             location /bare { live_flv; }
             location /status { live_status; } }'
)->start;

my $pub = publish($t->rtmp('live/a'));
my $renamed = publish($t->rtmp('live/renamed'));

wait_for(sub { status('a') && @{status('a')->{tracks}} >= 2
               && status('renamed') }, 10, 'streams');
wait_for(sub { status('a')->{tracks}[0]{keys} }, 10, 'a key frame');

# the response

my $c = $t->client;
my $r = $c->request('/flv/live/a.flv?x=1')->response(stream => 1);

is($r->{status}, 200, 'status');
is($r->{version}, '1.1', 'version');
is($r->{headers}{'content-type'}, 'video/x-flv', 'type');
is($r->{headers}{connection}, 'close', 'connection is closed at the end');
is($r->{headers}{'transfer-encoding'}, undef, 'not chunked');
is($r->{headers}{'content-length'}, undef, 'no length');
is($r->{headers}{'access-control-allow-origin'}, '*', 'CORS');
is($r->{headers}{'cache-control'}, 'no-store', 'not cached');

my $flv = Test::NginxLive::FLV->new;
my $watch = watch();

read_until($c, $flv, sub { $flv->frames('video') >= 1 });
cmp_ok($watch->(), '<', 2, 'the first picture comes at once');

read_until($c, $flv, sub { $flv->frames('video') >= 60 });

my @tags = @{$flv->{tags}};

is($flv->{flags}, 5, 'header: audio and video');
is($tags[0]{type}, 'script', 'script tag first');
like($tags[0]{data}, qr/^\x02\x00\x0aonMetaData/, 'onMetaData');

my ($video) = grep { $_->{type} eq 'video' } @tags;
my ($audio) = grep { $_->{type} eq 'audio' } @tags;

ok($video->{config}, 'video begins with its configuration');
ok($audio->{config}, 'audio too');
ok(($flv->frames('video'))[0]{key}, 'the first picture is a key frame');
is(scalar(grep { $_->{config} } @tags), 2, 'configurations are sent once');
ok(monotonic($flv->frames('video')), 'video timestamps');
ok(monotonic($flv->frames('audio')), 'audio timestamps');

is(status('a')->{viewers}{flv}, 1, 'a viewer');

# 30 frames a second, none is missing

my @times = map { $_->{time} } $flv->frames('video');
my @steps = map { $times[$_] - $times[$_ - 1] } 1 .. $#times;

is(scalar(grep { $_ < 32 || $_ > 35 } @steps), 0, 'no frame is missing');

# HTTP/1.0 with keep-alive: the same

my $old = $t->client;
$r = $old->request('/flv/live/a.flv', version => '1.0',
    headers => { Connection => 'keep-alive' })->response(stream => 1);

is($r->{headers}{connection}, 'close', 'HTTP/1.0: closed');

my $flv0 = Test::NginxLive::FLV->new;
read_until($old, $flv0, sub { $flv0->frames('video') >= 5 });

is(status('a')->{viewers}{flv}, 2, 'two viewers');
$old->close;
wait_for(sub { status('a')->{viewers}{flv} == 1 }, 5, 'the viewer to leave');
pass('a viewer that leaves is counted out');

# a location without a slash, and real players

my $probe = ffprobe($t->url('/bare/live/a.flv'));

is(join(' ', sort map { $_->{codec_name} } @{$probe->{streams}}), 'aac h264',
    'ffprobe');

# errors leave the connection open

my $k = $t->client;

for my $case (
    [ GET => '/flv/live/none.flv', 404, qr/"detail":"no such stream"/ ],
    [ GET => '/flv/none/a.flv', 404, qr/"no such application"/ ],
    [ GET => '/flv/live/a', 404, qr/"title":"Not Found"/ ],
    [ GET => '/flv/live/.flv', 404, qr/"status":404/ ],
    [ GET => '/flv/live/..a.flv', 404, qr/bad stream name/ ],
    [ GET => '/flv/live/a/b.flv', 404, qr/Not Found/ ],
    [ GET => '/flv/live', 404, qr/Not Found/ ],
    [ GET => '/flv/closed/a.flv', 403, qr/Forbidden/ ],
    [ GET => '/flv/live/deny.flv', 403, qr/Forbidden/ ],
    [ GET => '/flv/live/laterdeny.flv', 403, qr/Forbidden/ ],
    [ GET => '/flv/live/later.flv', 404, qr/no such stream/ ],
    [ POST => '/flv/live/a.flv', 405, qr/Method Not Allowed/ ])
{
    my ($method, $uri, $status, $body) = @$case;

    $r = $k->get($uri, method => $method,
        $method eq 'POST' ? (body => 'x' x 100) : ());

    is($r->{status}, $status, "$method $uri");
    is($r->{headers}{'content-type'}, 'application/problem+json',
        'its type');
    like($r->{body}, $body, 'its body');
}

is($r->{headers}{allow}, 'GET, HEAD, OPTIONS', '405 names the methods');

$r = $k->get('/flv/live/a.flv', method => 'OPTIONS',
    headers => { Origin => 'http://x', 'Access-Control-Request-Method' =>
    'GET' });
is($r->{status}, 204, 'OPTIONS');
is($r->{headers}{'access-control-allow-methods'}, 'GET, HEAD, OPTIONS',
    'preflight');
is($r->{headers}{'access-control-allow-origin'}, '*', 'origin');

$r = $k->get('/flv/live/a.flv', method => 'HEAD');
is($r->{status}, 200, 'HEAD');
is($r->{headers}{'content-type'}, 'video/x-flv', 'HEAD: type');

like(($t->log_lines(qr/refused/))[0], qr/play of "none\/a" refused: /,
    'a refusal is logged');

# a client that goes while its access check is pending

my $gone = $t->client;
$gone->request('/flv/live/later.flv');
$gone->close;

# renamed by the access check

my $n = $t->client;
$r = $n->request('/flv/live/rename.flv')->response(stream => 1);
is($r->{status}, 200, 'renamed');
wait_for(sub { status('renamed')->{viewers}{flv} == 1 }, 5, 'viewer');
$n->close;
wait_for(sub { log_line('live/renamed') }, 5, 'log line');
pass('the variables know the new name');

# the stream waits for its publisher, and continues

$pub->kill;
$renamed->kill;

wait_for(sub { status('a')->{state} eq 'waiting' }, 5, 'state');

my $before = $flv->frames('video');
$pub = publish($t->rtmp('live/a'));

read_until($c, $flv, sub { $flv->frames('video') > $before + 60 });
ok(monotonic($flv->frames('video')), 'timestamps go on after a reconnect');

my @after = ($flv->frames('video'))[$before .. $flv->frames('video') - 1];
ok(grep({ $_->{key} } @after), 'a key frame after the reconnect');

# and ends

$pub->kill;

my $rest = $c->read_bytes(1e9, 10);
$flv->add($rest);

is($flv->rest, 0, 'the body ends with a whole tag');

my $line = wait_for(sub { log_line('x=1') }, 5, 'log line');
my ($method, $status, $sent, $body, $name) = split(' ', $line);

is($status, 200, 'log: status');
is($name, 'live/a', 'log: stream');
is($body, $flv->{bytes}, 'log: body bytes');
cmp_ok($sent - $body, '>', 200, 'log: header bytes');
cmp_ok($sent - $body, '<', 600, 'log: not too many');

wait_for(sub { $t->json('/status')->{zone}{sessions} == 0 }, 5, 'sessions');
pass('no session is left');

done_testing();

###############################################################################

sub status {
    my ($name) = @_;

    my $json = $t->json('/status') or return undef;
    my ($st) = grep { $_->{name} eq $name } @{$json->{streams}};

    return $st;
}

sub log_line {
    my ($text) = @_;
    my ($line) = grep { /\Q$text\E/ } split(/\n/, slurp($t->path('flv.log')));
    return $line;
}

sub read_until {
    my ($c, $flv, $code) = @_;

    until ($code->()) {
        my $bytes = $c->read_bytes(1, 10);
        die "the stream has ended\n" unless length $bytes;
        $flv->add($bytes . $c->read_bytes(length $c->{buf}));
    }
}

sub monotonic {
    my $last = -1;

    for my $tag (@_) {
        return 0 if $tag->{time} <= $last;
        $last = $tag->{time};
    }

    return 1;
}

###############################################################################
