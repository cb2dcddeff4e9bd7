#!/usr/bin/perl

# Copyright (C) nginx-live authors

# The page says in words what it cannot play and why, from a server whose
# status and playlists are files; and what it owes to keyboards, small windows
# and those who listen to it.

###############################################################################

use warnings;
use strict;
use utf8;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP;
use Test::NginxLive;
use Test::NginxLive::Browser;

###############################################################################

Test::NginxLive::Browser->need();

my $root = Test::NginxLive::Browser::root();
my $t = Test::NginxLive->new(modules => [], http => <<"EOF");
    types {
        text/html                      html;
        text/css                       css;
        text/javascript                js;
        application/json               json;
        application/vnd.apple.mpegurl  m3u8;
    }

    server {
        listen 127.0.0.1:%%PORT_http%%;
        listen 127.0.0.1:%%PORT_https%% ssl;

        ssl_certificate      %%CERT%%;
        ssl_certificate_key  %%KEY%%;

        root $root;

        location = /status { alias %%DIR%%/status.json; }
        location /closed { return 403; }
        location /hls/ { root %%DIR%%; }
        location /hls/live/denied/ { return 403; }
        location /hls/live/busy/ { return 503; }
        location /hls/live/cut/ { return 444; }

        location /other/ {
            alias $root/;
            sub_filter_once off;
            sub_filter '"live-https-port" content=""'
                       '"live-https-port" content="4443"';
            sub_filter '"/status"' '"/closed"';
        }
    }
EOF

my @tracks = (
    { id => 0, kind => 'video', codec => 'avc1.64001f', width => 1280,
      height => 720, fps => 29.97, bitrate => 2500000 },
    { id => 1, kind => 'audio', codec => 'mp4a.40.2', rate => 48000,
      channels => 2, bitrate => 128000 }
);

my @streams = map { { application => 'live', name => $_->[0],
    state => $_->[1], session => "s$_->[0]", uptime => $_->[2],
    tracks => $_->[3], viewers => { rtmp => 1, flv => 1, hls => $_->[4] },
    hls => { low_latency => JSON::PP::false,
             reason => 'a frame lasts longer than a part' } } }
    ([ 'gone', 'ended', 5, [], 0 ], [ 'pause', 'waiting', 90, \@tracks, 0 ],
     [ 'exotic', 'live', 7320, \@tracks, 10 ],
     [ 'radio', 'live', 3, [ $tracks[1] ], -1 ]);

spit($t->path('status.json'),
    encode_json({ node => 'test-node', streams => \@streams }));

for my $name (qw/ exotic gone /) {
    mkdir($t->path($_)) for 'hls', 'hls/live', "hls/live/$name";
}

spit($t->path('hls/live/exotic/index.m3u8'), <<'EOF');
#EXTM3U
#EXT-X-STREAM-INF:BANDWIDTH=2500000,CODECS="dvh1.08.07,dtsc"
v.m3u8
EOF

spit($t->path('hls/live/gone/index.m3u8'), <<'EOF');
#EXTM3U
#EXT-X-STREAM-INF:BANDWIDTH=2500000,CODECS="avc1.64001f,mp4a.40.2"
v.m3u8
EOF

spit($t->path('hls/live/gone/v.m3u8'), <<'EOF');
#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:4
#EXT-X-MAP:URI="init.mp4"
#EXTINF:4.000,
1.m4s
#EXT-X-ENDLIST
EOF

$t->start;

###############################################################################

# what each address leads to

my @cases = (
    [ 'nope', 'absent', qr/no stream .live\/nope. now/, qr/by itself/ ],
    [ 'denied', 'failed', qr/may not watch/, qr/403.*token/ ],
    [ 'busy', 'lost', qr/not ready/, qr/503/ ],
    [ 'cut', 'lost', qr/connection to the server is lost/, qr/Reconnecting/ ],
    [ 'exotic', 'failed', qr/cannot play the codecs/,
      qr/avc1\.64001f, mp4a\.40\.2/ ],
    [ 'gone', 'ended', qr/has ended/, qr/comes back/ ]
);

my @steps;

for my $case (@cases) {
    push @steps, [ 'goto', $t->url("/?stream=live/$case->[0]") ],
        [ 'wait', "live.player.state === '$case->[1]' && live.status.known" ],
        [ 'words' ];
}

my $r = browse($t->url('/?stream=live/nope'), still => JSON::PP::true,
    steps => \@steps);
my @said = map { $_->{value} } grep { $_->{step}[0] eq 'words' }
    @{$r->{results}};

for my $i (0 .. $#cases) {
    my ($name, $state, $title, $detail) = @{$cases[$i]};

    is($said[$i]{state}, $state, "$name, state");
    like($said[$i]{message}, $title, "$name, in words");
    like($said[$i]{detail}, $detail, "$name, what to do");
}

is_deeply($r->{log}{errors}, [], 'no script failed');
is(grep(/Content Security Policy/i, @{$r->{log}{console}}), 0,
    'the page obeys its own policy');

###############################################################################

# the list

$r = browse($t->url('/'), still => JSON::PP::true, steps => [
    [ 'wait', 'live.status.known' ],
    [ 'words' ],
    [ 'click', '#streams a[href="#live/exotic"]' ],
    [ 'wait', "live.player.state === 'failed'" ],
    [ 'words' ],
    [ 'eval', 'location.hash' ],
    [ 'eval', 'document.querySelector("[aria-current]").textContent' ],
    [ 'eval', 'location.hash = "#nonsense"; 1' ],
    [ 'wait', 'document.getElementById("message-title").textContent'
              . ' === "That is no name of a stream"' ]
]);

my ($before, $after) = map { $_->{value} }
    grep { $_->{step}[0] eq 'words' } @{$r->{results}};

is($before->{message}, 'Choose a stream', 'two are live: none is chosen');
is_deeply([ map { /live\/(\w+?)(Live|Waiting|Ended)/ ? "$1 $2" : $_ }
    @{$before->{streams}} ], [ 'exotic Live', 'radio Live', 'pause Waiting',
    'gone Ended' ], 'the live ones come first');
like($before->{streams}[0],
    qr/1280×720 · 2\.63 Mb\/s · 12 viewers · 2 h 2 min/,
    'a stream in figures');
like($before->{streams}[1], qr/sound only · 128 kb\/s · 1 viewer · 3 s/,
    'a stream without video');
is($after->{name}, 'live/exotic', 'a stream chosen');
like($after->{hint}, qr/Normal latency: a frame lasts longer/,
    'why there is no low latency');
is($r->{results}[5]{value}, '#live/exotic', 'it is in the address');
like($r->{results}[6]{value}, qr/^live\/exotic/, 'it is marked in the list');
ok($r->{results}[8]{ok}, 'an address that is none');

###############################################################################

# a server that keeps its status to itself, and TLS

my $local = $t->port('http');
my $remote = "http://live.test:$local";

$r = browse("$remote/other/", still => JSON::PP::true,
    hosts => 'MAP live.test 127.0.0.1', width => 360, height => 740,
    mobile => JSON::PP::true, steps => [
    [ 'wait', 'document.getElementById("open").hidden === false' ],
    [ 'words' ],
    [ 'type', '#open-name', 'live/denied' ],
    [ 'key', 'Enter' ],
    [ 'wait', "live.player.state === 'failed'" ],
    [ 'words' ],
    [ 'click', '#tls-close' ],
    [ 'words' ],
    [ 'goto', $t->url('/other/') ],
    [ 'wait', 'document.getElementById("open").hidden === false' ],
    [ 'words' ]
]);

my @w = map { $_->{value} } grep { $_->{step}[0] eq 'words' }
    @{$r->{results}};

like($w[0]{tls}, qr/plain HTTP.*HTTP\/2/, 'why TLS is needed');
like($w[0]{link}, qr{^https://live\.test:4443/other/},
    'where it is');
ok(!$w[0]{overflow}, 'nothing is wider than a phone');
is($w[1]{name}, 'live/denied', 'a stream by its name');
is($w[2]{tls}, '', 'the note can be dismissed');
is($w[3]{tls}, '', 'no note on the own machine');

my $told = '(e => !e.closest("[hidden]") && e.textContent)'
    . '(document.getElementById("tls-text"))';

$r = browse('https://live.test:' . $t->port('https') . '/?stream=live/gone',
    still => JSON::PP::true, hosts => 'MAP live.test 127.0.0.1', steps => [
    [ 'wait', "live.player.state === 'ended'" ], [ 'wait', $told ],
    [ 'words' ]
]);
like($r->{results}[2]{value}{tls}, qr/HTTP\/1\.1.*http2/,
    'TLS without HTTP/2');

###############################################################################

# names for those who listen

$r = browse($t->url('/?stream=live/gone'), still => JSON::PP::true, steps => [
    [ 'wait', 'live.status.known' ],
    [ 'eval', <<'EOF' ],
[...document.querySelectorAll('button, input, select, a')].filter((e) => !(
    e.getAttribute('aria-label') || e.textContent.trim()
    || (e.id && document.querySelector(`label[for="${e.id}"]`))
)).map((e) => e.outerHTML)
EOF
    [ 'eval', 'document.getElementById("message").getAttribute("role")' ],
    [ 'eval', '[...document.querySelectorAll("[id]")].map((e) => e.id)'
              . '.filter((id, i, all) => all.indexOf(id) !== i)' ]
]);

is_deeply($r->{results}[1]{value}, [], 'every control has a name');
is($r->{results}[2]{value}, 'status', 'messages are announced');
is_deeply($r->{results}[3]{value}, [], 'no id twice');

###############################################################################

# what npm fetches is pinned and comes from whichever registry npm uses

for my $dir ('conf/html', 't/browser') {
    my $top = Test::NginxLive->top();
    my $lock = decode_json(slurp("$top/$dir/package-lock.json"));
    my $wants = decode_json(slurp("$top/$dir/package.json"))->{dependencies};

    for my $name (sort keys %$wants) {
        my $got = $lock->{packages}{"node_modules/$name"};

        is($got->{version}, $wants->{$name}, "$name is pinned");
        like($got->{integrity}, qr/^sha512-/, "$name has a hash");
    }
    unlike(encode_json($lock), qr/"resolved"|https?:/, "$dir, no registry");
}

###############################################################################

done_testing();
