#!/usr/bin/perl

# Copyright (C) nginx-live authors

# WHIP: Chromium publishes a camera and a microphone of its own making; other
# Chromiums, ffmpeg over FLV and RTMP, and a packager of HLS get it, also
# behind a reload and when somebody else takes over.

###############################################################################

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::HTTP;
use Test::NginxLive::WebRTC;

###############################################################################

Test::NginxLive->need('live', 'live_rtmp', 'live_flv', 'live_hls', 'live_sfu');
Test::NginxLive::WebRTC->need();

# the test module would write packets of its own

my $t = Test::NginxLive->new(
    modules => [ grep { !/test/ } Test::NginxLive->built() ],
    live => <<"EOF",
    zone        live 128m;
    sfu_helper  off;

    application live   { publish any; hls on; hls_path %%DIR%%/hls; }
    application closed { publish none; }
EOF
    stream => <<'EOF', http => <<'EOF');
    server { listen 127.0.0.1:%%PORT_rtmp%%; live_rtmp; }
    server {
        listen 127.0.0.1:%%PORT_sfu%% udp reuseport;
        live_sfu;
        live_sfu_timeout 8s;
    }
EOF
    server {
        listen 127.0.0.1:%%PORT_http%%;

        location /whip/  { live_whip; }
        location /whep/  { live_whep; }
        location /flv/   { live_flv; }
        location /hls/   { live_hls; }
        location /status { live_status; }
        location / { default_type text/html; return 200 "<p>"; }
    }
EOF

$t->start;

# requests

my $offer = offer('sendonly');
my $http = Test::NginxLive::HTTP->new(port => $t->port('http'));
my $r = post($t, '/whip/live/x', $offer);

is($r->{status}, 201, 'an offer is answered');
like($r->{headers}{location}, qr{^/whip/live/x/[0-9a-f]{32}$}, 'Location');
is(scalar(() = $r->{body} =~ /^a=recvonly\r$/mg), 2, 'both are received');
unlike($r->{body}, qr/^a=ssrc/m, 'we send nothing');

my $location = $r->{headers}{location};

is($http->get($location, method => 'PATCH', body => 'x')->{status}, 415,
    'PATCH of another type');
is($http->get($location . '0', method => 'DELETE')->{status}, 404,
    'a session that never was');
is($http->get($location, method => 'DELETE')->{status}, 200, 'DELETE');

is(post($t, '/whip/live/x', offer('recvonly'))->{status}, 422,
    'nothing is to be sent');
is(post($t, '/whip/closed/x', $offer)->{status}, 403, 'publish none');
is(post($t, '/whip/none/x', $offer)->{status}, 404, 'no application');

# a browser publishes

my $whip = $t->url('/whip/live/w');
my $pub = Test::NginxLive::WebRTC->new('whip', $whip, seconds => 300);
$pub->event('started');

wait_for(sub { (video()->{frames} // 0) > 20 }, 20, 'frames');

my $s = stream();

is($s->{publisher}{door}, 'whip', 'the publisher');
is($s->{tracks}[0]{width}, 640, 'pictures are known');
like($s->{tracks}[0]{codec}, qr/^avc1\./, 'they are H.264');
is($s->{tracks}[-1]{codec}, 'opus', 'sound is Opus');
is(post($t, '/whip/live/w', $offer)->{status}, 409, 'it is taken');

# others watch

my $flv = $t->path('a.flv');
my $ffmpeg = spawn(cmd => [ qw/ ffmpeg -hide_banner -loglevel error -nostdin
    -i /, $t->url('/flv/live/w.flv'), qw/ -t 2 -c copy /, $flv ]);

my $whep = $t->url('/whep/live/w');
my $play = Test::NginxLive::WebRTC->new('whep', $whep, seconds => 3);

$r = $play->report();
is($r->{state}, 'connected', 'Chromium plays what Chromium sends');
cmp_ok($r->{'inbound-video'}{framesDecoded}, '>', 20, 'pictures');
is($r->{'inbound-video'}{packetsLost}, 0, 'all of them');
cmp_ok($r->{'inbound-audio'}{packetsReceived}, '>', 50, 'sound');
cmp_ok($r->{'inbound-audio'}{totalAudioEnergy}, '>', 0, 'that is heard');
diag(sprintf('first picture after %d ms', $r->{first}));

is($ffmpeg->wait, 0, 'ffmpeg plays FLV');
is_deeply([ map { $_->{codec_name} } @{ffprobe($flv)->{streams}} ], [ 'h264' ],
    'pictures');

wait_for(sub {
    $t->get('/hls/live/w/index.m3u8')->{body} =~ /avc1/
}, 20, 'a playlist');
pass('HLS has it');

# a reload: the old worker goes on

my $frames = video()->{frames};

$t->reload;

wait_for(sub { video()->{frames} > $frames + 60 }, 20, 'frames after it');
is(stream()->{publisher}{count}, 1, 'a reload keeps the publisher');

$play = Test::NginxLive::WebRTC->new('whep', $whep, seconds => 2);
$r = $play->report();
cmp_ok($r->{'inbound-video'}{framesDecoded}, '>', 10,
    'a player that comes behind a reload');

# it goes

$r = $pub->finish();
cmp_ok($r->{'outbound-video'}{framesEncoded}, '>', 60, 'it was sending');
is($r->{'remote-inbound-video'}{packetsLost}, 0, 'and told of no loss');

wait_for(sub { (stream()->{state} // '') eq 'waiting' }, 10, 'the end');
pass('the stream waits for its return');

wait_for(sub { $t->json('/status')->{sfu}{sessions} == 0 }, 20, 'no session');

###############################################################################

done_testing();

###############################################################################

sub stream {
    my ($s) = grep { $_->{name} eq 'w' } @{$t->json('/status')->{streams}};
    return $s // {};
}


sub video { (stream()->{tracks} // [])->[0] // {} }
