#!/usr/bin/perl

# Copyright (C) nginx-live authors

# HLS as HTTP: what may be kept and for how long, tags, ranges, methods, other
# origins, compression, arguments, delta updates; clients that do not read;
# sessions that are over.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Socket::INET;
use IO::Uncompress::Gunzip qw/ gunzip /;
use Socket qw/ SOL_SOCKET SO_RCVBUF /;
use Time::HiRes qw/ time /;

use Test::NginxLive;
use Test::NginxLive::HLS qw/ parse_media parse_multi follow_until /;

###############################################################################

Test::NginxLive->need(qw/ live stream_live_rtmp http_live_hls /);
Test::NginxLive->need_program(qw/ ffmpeg /);

my $t = Test::NginxLive->new(
    live => 'zone live 128m;
             publish any; reconnect 1s;
             hls on; hls_path %%DIR%%/hls; hls_segment 1s;
             hls_target_duration 1s; hls_part 200ms; hls_window 20s;
             application live { }
             application four { hls_target_duration 4s; hls_window 12s; }
             application big { buffer_size 3m; }',
    stream => 'server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }',
    http => 'server {
                 listen 127.0.0.1:%%PORT_http%%;
                 listen 127.0.0.1:%%PORT_slow%% sndbuf=8k;
                 keepalive_requests 100000;
                 live_cors *;
                 location /hls/ { live_hls; }
                 location /status { live_status; }
             }
             server {
                 listen 127.0.0.1:%%PORT_cors%%;
                 live_cors https://a.example https://b.example;
                 location /hls/ { live_hls; }
             }'
)->start;

my %pub = (
    'live/a' => publish($t->rtmp('live/a'), gop => 30),
    'four/a' => publish($t->rtmp('four/a'), gop => 30),
    'big/a' => publish($t->rtmp('big/a'), gop => 30, audio => 0,
                       rate => '4000k', args => [ '-vf', 'noise=alls=80:allf=t'
                       ]),
);

my $hls = Test::NginxLive::HLS->new($t, 'live/a');
my $four = Test::NginxLive::HLS->new($t, 'four/a');
my $big = Test::NginxLive::HLS->new($t, 'big/a');

my $multi = $hls->multi;
$_->multi for $four, $big;

my $delta = $hls->follow('v0', delta => 1);
my $list = $hls->list('v0');
my $c = $hls->client;
my $session = $hls->session;
my $v0 = $hls->path($hls->file('v0.m3u8'));
my $segment = $hls->file($list->{segments}[-1]{uri});
my $init = $hls->file($list->{segments}[0]{map});

# R15: how long an answer lasts

is(cache($four, 'index.m3u8'), 'max-age=2', 'multivariant: half a target');
is(cache($four, $four->file('v0.m3u8')), 'max-age=1', 'playlist');

my $edge = $four->list('v0')->{hint};

is(cache($four, $four->file("v0.m3u8?_HLS_msn=$edge->{msn}"
                            . "&_HLS_part=$edge->{part}")),
    'max-age=4', 'blocking: the target duration');
is(cache($four, $four->file('v0.m3u8?_HLS_msn=0')), 'max-age=4',
    'also of what is there');
is(cache(@$_), 'max-age=31536000, immutable', "for ever: $_->[1]")
    for lasting_part(), [ $hls, $segment ], [ $hls, $init ];

for my $bad ('v0-99999.m4s', 'v0-99999.0.m4s', 'v7.m3u8', 'index.html',
             'v0.m3u8?_HLS_msn=x', 'v0-init-0000000000000000.mp4')
{
    is(cache($hls, $hls->file($bad)), 'no-store', "not to be kept: $bad");
}

is(cache(Test::NginxLive::HLS->new($t, 'live/none'), 'index.m3u8'),
    'no-store', 'not to be kept: no such stream');

# types

is(get($hls, $v0)->{headers}{'content-type'}, 'application/vnd.apple.mpegurl',
    'type of playlists');
is($hls->get($segment)->{headers}{'content-type'}, 'video/mp4', 'of video');
is($hls->get($hls->file($hls->list('a1')->{segments}[-1]{uri}))
   ->{headers}{'content-type'}, 'audio/mp4', 'of sound');

# R15: strong tags, 304

for my $what (lasting_part(),
              map { [ $hls, $_ ] } $segment, $init, 'index.m3u8')
{
    my ($hls, $uri) = @$what;
    my ($r, $n);

    # the multivariant playlist may change at any moment

    wait_for(sub {
        $r = $hls->get($uri);
        $n = $hls->get($uri);
        $n->{headers}{etag} eq $r->{headers}{etag};
    }, 5, "$uri that stays as it is");

    like($r->{headers}{etag}, qr/^"[^"\s]+"$/, "strong tag of $uri");
    is($n->{body}, $r->{body}, 'of the same bytes');

    wait_for(sub {
        my $etag = $hls->get($uri)->{headers}{etag};
        $n = $c->get($hls->path($uri), headers => { 'If-None-Match' => $etag });
        $n->{status} == 304 || $uri ne 'index.m3u8';
    }, 5, "$uri that stays as it is");

    is($n->{status}, 304, 'not modified');
    is($n->{body}, '', 'without a body');
    is($n->{headers}{'cache-control'}, $r->{headers}{'cache-control'},
        '304: how long it lasts');
    is($c->get($hls->path($uri), headers => { 'If-None-Match' => '"x"' })
       ->{status}, 200, '200 of another tag');
}

for my $what (lasting_part(), [ $hls, $segment ], [ $hls, $init ]) {
    my ($hls, $uri) = @$what;

    ok($c->get($hls->path($uri))->{headers}{'last-modified'},
        "Last-Modified of $uri");
}

ok(!$c->get($v0)->{headers}{'last-modified'},
    'none of a playlist that changes several times in a second');

# R15, R23: one tag means one text, in both workers, encodings and forms

my @clients = both_workers(10);
my ($same, $other, %etags) = (0, 0);
my $end = time() + 2.5;

while (time() < $end) {
    for my $c (@clients) {
        for my $query ('', '?_HLS_skip=YES', '?a=1', '?a=2') {
            for my $gzip (0, 1) {
                my $r = $c->get($v0 . $query, headers => $gzip
                    ? { 'Accept-Encoding' => 'gzip' } : {});
                my $was = $etags{$r->{headers}{etag}} //= $r->{body};

                $was eq $r->{body} ? $same++ : $other++;
            }
        }
    }
}

is($other, 0, 'no tag with two texts');
cmp_ok(scalar keys %etags, '>', 30, 'many texts');
cmp_ok($same, '>', 3 * keys %etags, 'that were read often');

wait_for(sub {
    my $r = $c->get($v0);
    $c->get($v0, headers => { 'If-None-Match' => $r->{headers}{etag} })
        ->{status} == 304;
}, 5, '304 of a playlist');
pass('304 of a playlist');

# ... which is not another one for the same text

wait_for(sub {
    my $r = $hls->get('index.m3u8');
    $hls->reload($hls->list('v0'));
    $c->get($hls->path('index.m3u8'), headers =>
        { 'If-None-Match' => $r->{headers}{etag} })->{status} == 304;
}, 10, '304 of the multivariant playlist after a part');
pass('304 of the multivariant playlist after a part');

# R15: gzip

for my $accept ('gzip', 'deflate, gzip', 'gzip;q=1.0, br', 'GZIP',
                'gzip; q=0.5')
{
    my $r = $c->get($v0, headers => { 'Accept-Encoding' => $accept });

    is($r->{headers}{'content-encoding'}, 'gzip', "gzip: $accept");
    like($r->{headers}{vary}, qr/Accept-Encoding/, 'Vary');

    my $text;
    ok(gunzip(\$r->{body}, \$text), 'is gzip');
    is(join("\n", @{parse_media($text)->{errors}}), '', 'of a playlist');
    cmp_ok(length($r->{body}), '<', 0.5 * length($text), 'and is smaller');
    is($r->{headers}{'content-length'}, length $r->{body}, 'with its length');
}

for my $accept ('identity', 'gzip;q=0', 'gzip; q=0', 'gzip;q=0.0, br') {
    my $r = $c->get($v0, headers => { 'Accept-Encoding' => $accept });

    ok(!$r->{headers}{'content-encoding'}, "plain: $accept");
    like($r->{headers}{vary}, qr/Accept-Encoding/, 'Vary');
}

{
    my $r = $c->get($hls->path('index.m3u8'),
                    headers => { 'Accept-Encoding' => 'gzip' });
    my $text;

    gunzip(\$r->{body}, \$text);
    is($text, $hls->get('index.m3u8')->{body}, 'gzip of the multivariant one');
    isnt($r->{headers}{etag}, $hls->get('index.m3u8')->{headers}{etag},
        'has another tag');
    ok(!$c->get($hls->path($segment), headers =>
        { 'Accept-Encoding' => 'gzip' })->{headers}{'content-encoding'},
        'segments are not compressed');
}

# R13: arguments of a playlist are those of its URIs, but for directives

for my $args ('token=a.b-c_d~e', 'a=1&b=%22%20%3E&c', 'x=/:?@!$()*,;',
              '%5fHLS=1')
{
    my $h = Test::NginxLive::HLS->new($t, 'live/a', args => $args);
    my $m = $h->multi;

    is(join("\n", @{$m->{errors}}), '', "multivariant with $args");

    for my $track ($h->tracks) {
        my $l = $h->list($track);
        is(join("\n", @{$l->{errors}}), '', "$track with $args");

        my $next = $h->reload($l, query => [ '_HLS_skip=YES' ]);
        is(join("\n", @{$next->{errors}}), '', "$track, blocking");
        unlike($next->{text}, qr/_HLS_/, 'directives are not carried on');
        ok(length $h->bytes($l->{segments}[-1]{uri}), 'its URIs work');
    }
}

{
    my $r = $hls->get($hls->file('v0.m3u8?a="b"<c>'));
    my $l = parse_media($r->{body}, args => 'a=%22b%22%3Cc%3E');
    is(join("\n", @{$l->{errors}}), '', 'what may not stand in a URI');

    for my $query ('_HLS_foo=1', '_HLS_msn=0&_HLS_bar=x', '&&', '?') {
        my $r = $c->get("$v0?$query");
        is($r->{status}, 200, "200: $query");
        unlike($r->{body}, qr/_HLS_/, 'not carried on');
    }
}

# R19: HEAD; a part is there for some target durations only

my $part = $hls->file(newest_part($hls->list('v0')));

for my $uri ($part, $segment, $init, 'index.m3u8') {
    my $g = $c->get($hls->path($uri));
    my $h = $c->get($hls->path($uri), method => 'HEAD');

    delete @{$_->{headers}}{qw/ date /} for $g, $h;
    is_deeply($h->{headers}, $g->{headers}, "HEAD of $uri: the headers of GET");
    is($h->{status}, 200, 'its status');
}

{
    my $l = $hls->list('v0');
    my $uri = $hls->file("v0.m3u8?_HLS_msn=$l->{hint}{msn}"
                         . "&_HLS_part=$l->{hint}{part}");

    is($c->get($hls->path($uri), method => 'HEAD')->{status}, 200,
        'HEAD that is blocked');
    is($c->get($hls->path($hls->file($hls->list('v0')->{hint}{uri})),
               method => 'HEAD')->{status}, 200, 'HEAD of a hint');
    is($c->get($v0)->{status}, 200, 'and the connection goes on');
}

# R19: ranges, of memory and of a file

for my $what (lasting_part(), [ $hls, $segment ], [ $hls, $init ]) {
    my ($hls, $uri) = @$what;
    my $path = $hls->path($uri);
    my $whole = $hls->get($uri);
    my $n = length $whole->{body};

    is($whole->{headers}{'accept-ranges'}, 'bytes', "Accept-Ranges of $uri");

    for my $range ([ '0-9', 0, 10 ], [ '10-99', 10, 90 ],
                   [ ($n - 5) . '-', $n - 5, 5 ], [ '-7', $n - 7, 7 ],
                   [ '0-' . ($n + 9), 0, $n ])
    {
        my $r = range($path, "bytes=$range->[0]");

        is($r->{status}, 206, "206 of $range->[0]");
        ok($r->{body} eq substr($whole->{body}, $range->[1], $range->[2]),
            'its bytes');
        is($r->{headers}{'content-range'}, "bytes $range->[1]-"
            . ($range->[1] + $range->[2] - 1) . "/$n", 'Content-Range');
    }

    my $r = range($path, "bytes=$n-");
    is($r->{status}, 416, '416 behind the end');
    is($r->{headers}{'content-range'}, "bytes */$n", 'and where that is');
    is($r->{headers}{'access-control-allow-origin'}, '*', 'other origins');
    is($r->{headers}{'cache-control'}, 'no-store', 'not to be kept');

    is(range($path, 'bytes=0-1,5-6')->{status}, 200, 'several: all of it');
    is(range($path, 'bytes=0-1', 'If-Range' => $whole->{headers}{etag})
       ->{status}, 206, 'If-Range');
    is(range($path, 'bytes=0-1', 'If-Range' => '"x"')->{status}, 200,
        'If-Range of another tag');
    is(range($path, 'bytes=0-1',
             'If-Range' => $whole->{headers}{'last-modified'})->{status}, 206,
        'If-Range of its date');
    is(range($path, 'bytes=0-1',
             'If-Range' => 'Sat, 01 Jan 2000 00:00:00 GMT')->{status}, 200,
        'If-Range of another date');
    is(range($path, 'bytes=0-1', 'If-None-Match' => $whole->{headers}{etag})
       ->{status}, 304, 'If-None-Match comes first');
    is(range($path, 'seconds=0-1')->{status}, 200, 'a range of something else');
}

# R19: other origins, also of errors

$part = $hls->file(newest_part($hls->list('v0')));

for my $try ([ $v0, 200 ], [ $hls->path($part), 200 ],
             [ $hls->path($hls->file('v0-99999.m4s')), 404 ],
             [ "$v0?_HLS_part=1", 400 ], [ '/hls/x', 404 ],
             [ '/hls/none/none/index.m3u8', 404 ])
{
    my $r = $c->get($try->[0], headers => { Origin => 'https://x.example' });

    is($r->{status}, $try->[1], "$try->[1]: $try->[0]");
    is($r->{headers}{'access-control-allow-origin'}, '*', 'allows any origin');
    like($r->{headers}{'access-control-expose-headers'},
        qr/Date.*Age.*Content-Length/, 'headers that may be seen');
    is($r->{headers}{'timing-allow-origin'}, '*', 'and times');
}

{
    my $r = $c->get($v0, method => 'OPTIONS', headers => {
        Origin => 'https://x.example',
        'Access-Control-Request-Method' => 'GET',
        'Access-Control-Request-Headers' => 'range' });

    is($r->{status}, 204, 'preflight');
    like($r->{headers}{'access-control-allow-methods'}, qr/GET, HEAD/,
        'methods');
    like($r->{headers}{'access-control-allow-headers'}, qr/\bRange\b/,
        'headers');
    cmp_ok($r->{headers}{'access-control-max-age'}, '>', 600, 'for long');

    $r = $c->get($v0, method => 'POST', body => 'x=1');
    is($r->{status}, 405, 'POST');
    like($r->{headers}{allow}, qr/GET, HEAD, OPTIONS/, 'what is allowed');
    is($c->get($v0)->{status}, 200, 'and the connection goes on');

    my $cc = $t->client('cors');

    $r = $cc->get($v0, headers => { Origin => 'https://b.example' });
    is($r->{headers}{'access-control-allow-origin'}, 'https://b.example',
        'one of two origins');
    like($r->{headers}{vary}, qr/Origin/, 'Vary');

    $r = $cc->get($v0, headers => { Origin => 'https://x.example' });
    ok(!$r->{headers}{'access-control-allow-origin'}, 'another one');
    like($r->{headers}{vary}, qr/Origin/, 'Vary');
}

# R24: clients that do not read hold no memory of others: the parts of many
# seconds would not fit beside what they were sent of

my $f = $big->follow('v0', parts => 0);
my @slow;

for (1 .. 3) {
    my $l = $big->reload($big->list('v0'));
    my $uri = $big->file(newest_part($l));
    my $whole = $big->get($uri)->{body};

    push @slow, map { { whole => $whole, sock => slow($big->path($uri)) } }
                1 .. 2;
}

my $from = $big->list('v0')->{open}{msn};
follow_until(sub { $f->list && $f->list->{open}{msn} > $from + 8 }, 20, $f,
    $delta);

is(join("\n", @{$f->errors}), '', 'all goes on');
is(scalar(grep { $_->{gap} } values %{$f->segments}), 0, 'without a gap');

for my $slow (@slow) {
    cmp_ok(length $slow->{whole}, '>', 50000, 'a large part');
    ok(read_all($slow->{sock}) eq $slow->{whole}, 'comes whole, with time');
}

# R12: delta updates, merged by a follower that complains; how they are asked
# for

follow_until(sub { $delta->{deltas} > 3 }, 20, $delta);
is(join("\n", @{$delta->errors}), '', 'delta updates');

$list = $hls->list('v0');
ok(!$list->{skipped}, 'not without asking');

for my $skip (qw/ YES v2 /) {
    my $l = $hls->list('v0', query => [ "_HLS_skip=$skip" ]);

    ok($l->{skipped}, "_HLS_skip=$skip");
    is(join("\n", @{$l->{errors}}), '', 'is a playlist');
    is($l->{msn} + $l->{skipped} + @{$l->{segments}}, $l->{open}{msn},
        'in which nothing is missing');
    cmp_ok(length $l->{text}, '<', length $list->{text}, 'and is shorter');
    unlike($l->{text}, qr/EXT-X-MAP/, 'without the map that was skipped');
}

for my $skip ('NO', 'yes', 'v1', 'v20', '') {
    ok(!$hls->list('v0', query => [ "_HLS_skip=$skip" ])->{skipped},
        "no delta: _HLS_skip=$skip");
}

ok(!$four->list('v0', query => [ '_HLS_skip=YES' ])->{skipped},
    'no delta of what is not longer than CAN-SKIP-UNTIL');

# R7, R15: the end; a session is never used again

$_->stop for $pub{'live/a'};

wait_for(sub { $hls->list('v0')->{ended} }, 10, 'the end');
like(cache($hls, $hls->file('v0.m3u8')), qr/^max-age=\d{4}/,
    'the last playlist lasts');

wait_for(sub { !grep { $_->{name} eq 'a' && $_->{application} eq 'live' }
               @{$t->json('/status')->{streams}} }, 10, 'stream to go');

for my $args ('', 'token=1&b=%2F') {
    my $h = Test::NginxLive::HLS->new($t, 'live/a', args => $args);
    my $m = $h->multi;

    is($m->{session}, $session, "stored: the session ($args)");
    is(join("\n", @{$m->{errors}}), '', 'its multivariant playlist');

    for my $track ($h->tracks) {
        my $l = $h->list($track, query => [ '_HLS_msn=7&_HLS_skip=YES' ]);
        my $r = $l->{response};

        is(join("\n", @{$l->{errors}}), '', "stored: $track");
        ok($l->{ended}, 'ended');
        is($r->{headers}{'cache-control'}, 'max-age=3600', 'lasts');
        like($r->{headers}{etag}, qr/^"/, 'has a tag');
        is($h->get($h->file("$track.m3u8"), headers =>
            { 'If-None-Match' => $h->get($h->file("$track.m3u8"))
              ->{headers}{etag} })->{status}, 304, 'not modified');
        ok(length $h->bytes((grep { !$_->{gap} } @{$l->{segments}})[-1]{uri}),
            'with segments');
        ok(length $h->bytes($l->{segments}[0]{map}), 'and its map');
    }
}

is($hls->get($segment)->{status}, 200, 'a segment of the session');
is($hls->get($segment)->{headers}{'cache-control'},
    'max-age=31536000, immutable', 'for ever');
is($hls->get($hls->file('v0-99999.m4s'))->{status}, 404, 'not any segment');

my $again = publish($t->rtmp('live/a'), gop => 30);

wait_for(sub { Test::NginxLive::HLS->new($t, 'live/a')->multi->{session}
               ne $session }, 20, 'another session');

ok($hls->list('v0')->{ended}, 'the old session is there');
is($hls->get($segment)->{status}, 200, 'with its segments');

done_testing();

###############################################################################


sub get {
    my ($hls, $uri) = @_;
    return $hls->client->get($uri);
}


sub cache {
    my ($hls, $uri) = @_;
    return $hls->get($uri)->{headers}{'cache-control'};
}


sub newest_part {
    my ($list) = @_;

    my @parts = map { @{$_->{parts} // []} } @{$list->{segments}},
                $list->{open};
    return $parts[-1]{uri};
}


# A part that is there for twelve seconds: its stream has the longest target
# duration.

sub lasting_part {
    return [ $four, $four->file(newest_part($four->list('v0'))) ];
}


sub range {
    my ($path, $range, %headers) = @_;
    return $c->get($path, headers => { Range => $range, %headers });
}


# At least N clients, of which each worker has one.

sub both_workers {
    my ($n) = @_;

    my (%workers, @clients);

    wait_for(sub {
        my $c = $hls->client;
        $c->get($v0);
        $workers{$t->worker_of_port($c->sock->sockport) // 0}++;
        push @clients, $c;
        return @clients >= $n && keys %workers == 2;
    }, 10, 'clients in both workers');

    return @clients;
}


# A client that has asked and does not read; buffers on both sides are small.

sub slow {
    my ($uri) = @_;

    my $sock = IO::Socket::INET->new(Proto => 'tcp');
    setsockopt($sock, SOL_SOCKET, SO_RCVBUF, 4096);
    connect($sock, Socket::pack_sockaddr_in($t->port('slow'),
        Socket::inet_aton('127.0.0.1'))) or die "connect: $!\n";
    syswrite($sock, "GET $uri HTTP/1.1\r\nHost: a\r\n"
                    . "Connection: close\r\n\r\n");

    return $sock;
}


# The body of its response.

sub read_all {
    my ($sock) = @_;
    my $text = '';

    1 while sysread($sock, $text, 65536, length $text);

    return $text =~ /^HTTP\/1.1 200 .*?\r\n\r\n(.*)\z/s ? $1 : $text;
}

###############################################################################
