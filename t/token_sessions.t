#!/usr/bin/perl

# Copyright (C) nginx-live authors

# max_sessions on one node: who is one too many is refused, or the oldest one
# gives way; what a session of HLS is; leases run out, reloads and dead workers
# are survived.

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
use Test::NginxLive::Token;

###############################################################################

Test::NginxLive->need(qw/ live live_rtmp live_flv live_hls
    ngx_http_live_token_module ngx_stream_live_token_module /);
Test::NginxLive->need_program(qw/ ffmpeg openssl /);

my $t = Test::NginxLive->new(
    live => 'zone live 64m; token_key %%DIR%%/keys;
             hls on; hls_path %%DIR%%/hls; hls_segment 1s;
             hls_target_duration 1s; hls_part 200ms; hls_window 20s;
             token_sessions refuse lease=4s;
             application refuse { publish any; play token; }
             application secret { publish any; play token; hls_secret on; }
             application replace { publish any; play token;
                                   token_sessions replace lease=4s; }',
    stream => 'live_rtmp_flush 10ms;
               server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
             location /flv/ { live_flv; }
             location /hls/ { live_hls; }
             location /mobile/ { live_hls;
                                 live_token_session $http_user_agent; }
             location /edge/ { live_hls; live_token_edge on; }
             location /status { live_status; } }'
);

my $keys = Test::NginxLive::Token->new($t->dir, 'HS256');

$t->start;

my %media = (gop => 30, size => '160x90', rate => '200k', audio => 44100);
my @pub = map { publish($t->rtmp("$_/a"), %media) }
    qw/ refuse secret replace /;

# a multivariant playlist gives each player an id, in whichever form

my $alice = token('alice');
my $a = viewer('refuse', $alice);

like($a->{index}, qr/^\w+\/v0\.m3u8\?token=[^&]+&sid=[\w-]{16}$/m,
    'an id behind links');
like($a->{index}, qr/URI="\w+\/a\d\.m3u8\?token=[^&]+&sid=\Q$a->{sid}\E"/,
    'the same one for all renditions');
isnt(viewer('refuse', $alice)->{sid}, $a->{sid}, 'another one each time');
is(viewer('refuse', $alice, args => "&sid=$a->{sid}")->{sid}, $a->{sid},
    'but who has one keeps it');
isnt(viewer('refuse', $alice, args => '&sid=no')->{sid}, 'no',
    'unless it is none');

my $index = $t->get("/hls/~$alice/refuse/a/index.m3u8");
like($index->{body}, qr/^\w+\/v0\.m3u8\?sid=[\w-]{16}$/m, 'path form');
is($index->{headers}{'cache-control'}, 'private, no-store', 'for nobody else');
unlike($t->get("/hls/~@{[ token('x', max_sessions => undef) ]}"
               . '/refuse/a/index.m3u8')->{body}, qr/sid=/,
    'no id without a limit');
unlike($t->get("/edge/refuse/a/index.m3u8?token=$alice")->{body}, qr/sid=/,
    'nor for a cache that checks tokens');
is(now(), 0, 'which is no session yet');

# one session: all renditions of a player, in parallel, in any worker

my @c = map { client() } 1 .. 6;
$c[$_]->request($a->{$_ & 1 ? 'video' : 'audio'}, headers => agent('a'))
    for 0 .. 5;
my @r = map { $_->response } @c;
is($_->{status}, 200, 'a rendition') for @r;
is(now(), 1, 'one session');

unlike($r[1]{body}, qr/^v0.*sid=/m, 'media are not told apart');
like($r[1]{body}, qr/^v0-\d+\.m4s\?token=[^&]+$/m, 'but have the token');

# one too many: another player, the same URL elsewhere, RTMP, FLV

my $mark = $t->log_mark;
my $b = viewer('refuse', $alice);
is(reload($b), 403, 'another player is refused');
like($t->log_since($mark), qr/\[info\].*refused: too many sessions/, 'why');
is(reload($a, agent => 'b'), 403, 'the URL in another program');
is(reload($a), 200, 'who was there stays');
is(client(local => '127.0.0.2')->get($a->{video}, headers => agent('a'))
   ->{status}, 403, 'the URL at another address');
is($t->get($a->{video} =~ s/&sid=.*//r, headers => agent('a'))->{status}, 403,
    'without the id');
is(reload($a), 200, 'who was there stays');
is(flv('refuse', $alice), 403, 'FLV');
is(reload($a), 200, 'who was there stays');
is(eval { player('refuse', $alice); 'plays' } // $@, "play: "
    . "NetStream.Play.Failed\n", 'RTMP');
is(reload($a), 200, 'who was there stays');
is(reload(viewer('refuse', token('bob'))), 200, 'another sub is another one');
is(reload(viewer('refuse', token('alice', max_sessions => 2))), 200,
    'a token that allows two');
is(flv('refuse', token('', sub => undef)), 403, 'a limit of nobody');

# the lease runs out

$a = viewer('refuse', token('carol'));
$b = viewer('refuse', token('carol'));
is(reload($a), 200, 'a player');

my $end = time() + 6;
my @refused = (0, 0);

while (time() < $end) {
    wait_for(sub { reload($a, blocking => 1) == 200 }, 10, 'a reload');
    $refused[reload($b) == 403]++;
}

is($refused[0], 0, 'while it goes on there is no room');
cmp_ok($refused[1], '>', 0, 'for another one');

wait_for(sub { reload($b) == 200 }, 10, 'its place');
cmp_ok(time() - $a->{asked}, '>', 4, 'only a lease after it has stopped');
is(reload($a), 403, 'which is taken now');

# addresses may change

$a = viewer('refuse', token('dave'), prefix => '/mobile');
is(reload($a), 200, 'a mobile player');
is(client(local => '127.0.0.2')->get($a->{video}, headers => agent('a'))
   ->{status}, 200, 'and its other address');
is(reload($a, agent => 'b'), 403, 'not its other program');

# media by secrets are the same for all

$a = viewer('secret', token('erin'));
my $list = $t->get($a->{video}, headers => agent('a'))->{body};
like($list, qr/^v0-\d+\.m4s\?s=[\w-]+$/m, 'nothing but the secret');

# a cache's requests are not those of its viewers

$a = viewer('refuse', token('frank'), prefix => '/edge', id => 0);
is($t->get($a->{video}, headers => agent($_))->{status}, 200, 'through a cache')
    for 'a', 'b';

# connections

my $rtmp = player('refuse', token('gina'));
my $before = now();
is(flv('refuse', token('gina')), 403, 'RTMP is a session');
$rtmp->close;
my $flv = flv_client('refuse', token('gina'));
wait_for(sub { $flv->request->response(stream => 1)->{status} == 200 }, 10,
    'the place of RTMP');
is(eval { player('refuse', token('gina')); 'plays' } // 'refused', 'refused',
    'FLV is a session');
cmp_ok(now(), '<=', $before, 'no more than before');

is(flv('refuse', token('henry'), 'none'), 404, 'no such stream');
is(flv('refuse', token('henry')), 200, 'takes no place');

$rtmp = player('refuse', token('ivy'));
my $lease = time() + 6;
wait_for(sub { time() > $lease }, 10, 'more than a lease');
is(flv('refuse', token('ivy')), 403, 'connections renew theirs');

# a reload

$t->reload;
is(flv('refuse', token('ivy')), 403, 'it is known after a reload');
$lease = time() + 6;
wait_for(sub { time() > $lease }, 10, 'more than a lease');
is(flv('refuse', token('ivy')), 403, 'and renewed by the old worker');
$rtmp->close;
wait_for(sub { flv('refuse', token('ivy')) == 200 }, 10, 'its place');

# a worker dies

$rtmp = player('refuse', token('jack'));
is(flv('refuse', token('jack')), 403, 'there is no place');
$t->kill_worker($t->worker_of_port($rtmp->local_port));
my $watch = watch();
wait_for(sub { eval { flv('refuse', token('jack')) } // 0 == 200 }, 10,
    'its place');
cmp_ok($watch->(), '<', 6 * factor(), 'within the lease');

# the oldest gives way

($a, $b) = map { viewer('replace', token('kate')) } 1 .. 2;
my $ended = sessions()->{ended};
is(reload($a), 200, 'the first one');
is(reload($b), 200, 'the second one');
$mark = $t->log_mark;
is(reload($a), 403, 'ends the first one');
like($t->log_since($mark), qr/refused: session gave way to another/, 'why');
is(reload($b), 200, 'and stays');
is(reload($a), 403, 'however often the first one asks');
is(reload(viewer('replace', token('kate'))), 200, 'unless it begins anew');
is(reload($b), 403, 'and ends the second one');
is(sessions()->{ended}, $ended + 2, 'counted');

$rtmp = player('replace', token('liam'));
$flv = flv_client('replace', token('liam'));
is($flv->request->response(stream => 1)->{status}, 200, 'FLV');
$watch = watch();
ok($rtmp->closed(5), 'ends RTMP');
cmp_ok($watch->(), '<', 1 * factor(), 'within a second');
is(reload(viewer('replace', token('liam'))), 200, 'HLS');
$watch = watch();
ok($flv->closed(5), 'ends FLV');
cmp_ok($watch->(), '<', 1 * factor(), 'within a second');

# a zone that is full turns nobody away

my $small = Test::NginxLive->new(
    live => "zone live 16m; token_key @{[ $keys->dir ]};
             token_sessions_zone 64k;
             application refuse { publish any; play token; }",
    http => 'server { listen 127.0.0.1:%%PORT_http%%;
             location /hls/ { live_hls; }
             location /status { live_status; } }'
)->start;

$small->expect_log(qr/sessions are not limited/);

my $many = token('mia', max_sessions => 1000);
my $none = 0;
my $c = $small->client;

for my $i (1 .. 700) {
    my $r = $c->get("/hls/refuse/a/0/v0.m3u8?token=$many",
        headers => agent($i));
    $none++ if $r->{status} == 404;
}

is($none, 700, 'as many as want');

my $full = $small->json('/status')->{token_sessions};
cmp_ok($full->{now}, '>', 200, 'some of them in the zone');
is($full->{now} + $full->{unlimited}, 700, 'the others are counted');
is(scalar($small->log_lines(qr/sessions are not limited/)), 1, 'said once');

# what makes no sense

for my $conf ('token_sessions maybe', 'token_sessions refuse lease=1s',
              'token_sessions refuse lease=2h', 'token_sessions refuse 20s',
              'token_sessions refuse; token_sessions replace',
              'token_sessions_zone 1k', 'token_sessions_zone x')
{
    my $bad = Test::NginxLive->new(
        live => "zone live 16m; $conf; application a { publish any; }");
    my $r = $bad->test_conf;

    isnt($r->{rc}, 0, "nginx -t: $conf");
    like($r->{err}, qr/\[emerg\].*(?:lease|invalid|duplicate)/, 'why');
}

# how many

my $s = sessions();
cmp_ok($s->{refused}, '>', 10, 'refused ones are counted');
is($s->{unlimited}, 0, 'all had their place');

$_->stop for @pub;

done_testing();

###############################################################################

sub token {
    my ($sub, %opt) = @_;
    return $keys->token('HS256', sub => $sub, stream => '*',
                        max_sessions => 1, %opt);
}


sub client { Test::NginxLive::HTTP->new(port => $t->port('http'), @_) }

sub agent { return { 'User-Agent' => $_[0] } }

sub sessions { $t->json('/status')->{token_sessions} }

sub now { sessions()->{now} }


# a player that has its multivariant playlist

sub viewer {
    my ($app, $token, %opt) = @_;

    my $base = ($opt{prefix} // '/hls') . "/$app/a";

    my $index = wait_for(sub {
        my $r = $t->get("$base/index.m3u8?token=$token" . ($opt{args} // ''));
        $r->{status} == 200 && $r->{body};
    }, 20, 'the multivariant playlist');

    my ($sid) = $index =~ /[?&]sid=([\w-]+)/;

    return { index => $index, sid => $sid,
             video => "$base/" . ($index =~ /^(\w+\/v0\.\S+)/m)[0],
             audio => "$base/" . ($index =~ /URI="(\w+\/a\d\.[^"]+)"/)[0] };
}


sub reload {
    my ($v, %opt) = @_;

    my $uri = $v->{video};

    if ($opt{blocking}) {
        $uri .= '&_HLS_msn=' . ($v->{msn} + 1) if $v->{msn};
    }

    $v->{asked} = time();

    my $r = client()->get($uri, headers => agent($opt{agent} // 'a'));

    $v->{msn} = $1 while $r->{body} =~ /^v0-(\d+)\.m4s/mg;

    return $r->{status};
}


sub player {
    my ($app, $token) = @_;

    my $c = Test::NginxLive::RTMP->new(port => $t->port('rtmp'));
    $c->play($app, "a?token=$token");
    $c->wait_message(sub { $_[0]{type} == 9 });

    return $c;
}


sub flv {
    my ($app, $token, $name) = @_;

    my $c = client();
    my $r = $c->request("/flv/$app/" . ($name // 'a') . ".flv?token=$token")
        ->response(stream => 1);
    $c->close;

    return $r->{status};
}


sub flv_client {
    my ($app, $token) = @_;

    my $c = client();
    return bless { c => $c, uri => "/flv/$app/a.flv?token=$token" }, 'Flv';
}


package Flv;

sub request { $_[0]{c} = main::client(); $_[0]{c}->request($_[0]{uri}) }

sub closed { $_[0]{c}->closed($_[1]) }
