#!/usr/bin/perl

# Copyright (C) nginx-live authors

# WHEP: what is posted is answered or refused with a reason; datagrams of
# strangers cost nothing; Chromium is shown what ffmpeg pushes over RTMP,
# hears it, and notices nothing of a reload.

###############################################################################

use warnings;
use strict;

use Test::More;

use IO::Select;
use IO::Socket::INET;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::NginxLive;
use Test::NginxLive::HTTP;
use Test::NginxLive::WebRTC;

###############################################################################

Test::NginxLive->need('live', 'live_rtmp', 'live_sfu');
Test::NginxLive::WebRTC->need();

# the test module would write packets of its own

my $t = Test::NginxLive->new(
    modules => [ grep { !/test/ } Test::NginxLive->built() ],
    live => <<"EOF",
    zone        live 128m;
    sfu_helper  $Test::NginxLive::BUILD/helpers/live-media;

    application live   { publish any; }
    application closed { publish any; play none; }
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

        location /whep/  { live_whep; live_cors *; }
        location /status { live_status; }
        location / { default_type text/html; return 200 "<p>"; }
    }
EOF

$t->start;

my $pub = publish($t->rtmp('live/a'), gop => 30);
my $closed = publish($t->rtmp('closed/a'), audio => 0);
my $bframes = publish($t->rtmp('live/b'), bframes => 2, audio => 0);

for (qw/ a b /) {
    my $name = $_;
    wait_for(sub { frames('live', $name) > 30 }, 20, "stream $name");
}

# requests

my $offer = offer('recvonly');
my $r = post($t, '/whep/live/a', $offer);

is($r->{status}, 201, 'an offer is answered');
is($r->{headers}{'content-type'}, 'application/sdp', 'by an answer');
like($r->{headers}{location}, qr{^/whep/live/a/[0-9a-f]{32}$}, 'Location');
like($r->{headers}{etag}, qr/^"[^"]+"$/, 'ETag');
like($r->{headers}{'access-control-expose-headers'}, qr/Location/,
    'scripts may read it');
like($r->{body}, qr/^m=video 9 UDP\/TLS\/RTP\/SAVPF 102\r$/m, 'H.264');
like($r->{body}, qr/^m=audio 9 UDP\/TLS\/RTP\/SAVPF 111\r$/m, 'Opus');
like($r->{body}, qr/^a=setup:passive\r$/m, 'we are the server of DTLS');
like($r->{body}, qr/^a=ice-lite\r$/m, 'and lite');
like($r->{body}, qr/^a=candidate:1 1 udp \d+ 127\.0\.0\.1 @{[
    $t->port('sfu')]} typ host\r$/m, 'candidate');

my $location = $r->{headers}{location};
my $answer = answer_of($r);

my %refused = (
    'nothing'             => [ '', 400 ],
    'no SDP'              => [ 'hello', 400 ],
    'no ice-ufrag'        => [ offer('recvonly', ufrag => ''), 400 ],
    'no fingerprint'      => [ offer('recvonly', fingerprint => undef), 400 ],
    'no rtcp-mux'         => [ offer('recvonly', mux => 0), 400 ],
    'setup:passive'       => [ offer('recvonly', setup => 'passive'), 400 ],
    'VP9 only'            => [ offer('recvonly', codec => 'VP9/90000',
                                     audio => 0), 422 ],
    'mode 0'              => [ offer('recvonly', mode => 0, audio => 0),
                               422 ],
    'nothing to be received' => [ offer('sendonly'), 422 ],
);

for my $name (sort keys %refused) {
    my ($sdp, $status) = @{$refused{$name}};
    my $r = post($t, '/whep/live/a', $sdp);

    is($r->{status}, $status, "$name is refused");
    is($r->{headers}{'content-type'}, 'application/problem+json',
        "$name: with a reason");
}

$r = post($t, '/whep/live/a', 'a' x 70000);
is($r->{status}, 413, 'an offer that is too long');

$r = post($t, '/whep/live/a', $offer, type => 'text/plain');
is($r->{status}, 415, 'not application/sdp');

is(post($t, '/whep/live/none', $offer)->{status}, 404, 'no stream');
is(post($t, '/whep/closed/a', $offer)->{status}, 403, 'play none');
is(post($t, '/whep/live', $offer)->{status}, 404, 'no name');
is($t->get('/whep/live/a')->{status}, 405, 'GET');

$r = post($t, '/whep/live/b', $offer);
is($r->{status}, 422, 'a stream with B-frames');
like($r->{body}, qr/B-frames/, 'is refused for that reason');

my $http = Test::NginxLive::HTTP->new(port => $t->port('http'));

$r = $http->get('/whep/live/a', method => 'OPTIONS');
is($r->{status}, 204, 'OPTIONS');
is($r->{headers}{'accept-post'}, 'application/sdp', 'Accept-Post');

$r = $http->get($location, method => 'PATCH', body => "a=mid:0\r\n",
    headers => { 'Content-Type' => 'application/trickle-ice-sdpfrag' });
is($r->{status}, 204, 'candidates are of no use and no fault');

# datagrams: no answer to those who do not know the password

my $sock = IO::Socket::INET->new(Proto => 'udp', PeerAddr => '127.0.0.1',
    PeerPort => $t->port('sfu')) or die "$!\n";

my $ufrag = $answer->{ufrag};
my $before = counter('unauthentic');
my $strange = counter('unknown');

$sock->send($_) for check($ufrag, 'wrong' x 6), check($ufrag, 'x' x 32),
    check('A' x 12, $answer->{pwd}), check($ufrag), 'x', "\x16" . 'x' x 100,
    "\x80" . 'x' x 1000, "\x00" x 19, check($ufrag, $answer->{pwd}) . 'x',
    substr(check($ufrag, $answer->{pwd}), 0, 60);

wait_for(sub { counter('unauthentic') == $before + 2 }, 5,
    'checks with a wrong password');
wait_for(sub { counter('unknown') == $strange + 8 }, 5,
    'datagrams of nobody');
is(ask('x', 0.1), '', 'none of them is answered');

my $reply = ask(check($ufrag, $answer->{pwd}, id => 'abcdefghijkl'));

is(unpack('n', $reply), 0x0101, 'a check is answered');
is(substr($reply, 8, 12), 'abcdefghijkl', 'that one');

my ($port) = $reply =~ /\x00\x20\x00\x08\x00\x01(..)/s
             ? unpack('n', $1) ^ 0x2112 : 0;
is($port, $sock->sockport, 'with the address it came from');

$reply = ask(check($ufrag, $answer->{pwd}, unknown => 1));
is(unpack('n', $reply), 0x0111, 'an unknown attribute is refused');

# DTLS that is none, from an address that has passed

$sock->send("\x16\xfe\xfd" . "\x00" x 10 . 'x' x 300);
$sock->send("\x80" . 'x' x 100);

is($http->get($location, method => 'DELETE')->{status}, 200, 'DELETE');
wait_for(sub { counter('sessions') == 0 }, 10, 'no session is left');
is($http->get($location, method => 'DELETE')->{status}, 404, 'again');
is(ask(check($ufrag, $answer->{pwd}), 0.2), '', 'a session that has ended');

# Chromium

my $url = $t->url('/whep/live/a');
my $b = Test::NginxLive::WebRTC->new('whep', $url, seconds => 3, count => 3);
$r = $b->report();

is($r->{state}, 'connected', 'Chromium is connected');
cmp_ok($r->{'inbound-video'}{framesDecoded}, '>', 30, 'it shows pictures');
is($r->{'inbound-video'}{packetsLost}, 0, 'all of them');
cmp_ok($r->{'inbound-audio'}{packetsReceived}, '>', 50, 'and gets sound');
is($r->{'inbound-audio'}{packetsLost}, 0, 'all of it');
cmp_ok($r->{'inbound-audio'}{totalAudioEnergy}, '>', 0, 'which can be heard');
is(scalar(grep { $_->{state} eq 'connected'
                 && $_->{'inbound-video'}{framesDecoded} > 20 }
          @{$r->{others}}), 2, 'others do as well');
is($r->{ended}, 200, 'it ends the session');
diag(sprintf('first picture after %d ms, %d ms of it the answer',
    $r->{first}, $r->{answered}));

wait_for(sub { counter('sessions') == 0 }, 40, 'the others end');

# a reload: datagrams are the new workers', the session is an old one's

$b = Test::NginxLive::WebRTC->new('whep', $url, seconds => 60);
$b->event('started');

my $handed = counter('handed');

$t->reload;
wait_for(sub { counter('handed') > $handed + 3 }, 10, 'handed over');

my $sent = counter('sent');
wait_for(sub { counter('sent') > $sent + 60 }, 10, 'packets behind a reload');

$r = $b->finish();
is($r->{state}, 'connected', 'a reload keeps the session');
is($r->{'inbound-video'}{packetsLost}, 0, 'and loses nothing');

wait_for(sub { counter('sessions') == 0 }, 15, 'the session ends');
pass('the session ends behind a reload');

# workers die: their sessions are forgotten, before clients are found silent

$b = Test::NginxLive::WebRTC->new('whep', $url, seconds => 60);
$b->event('started');

$t->kill_worker($_) for $t->workers;

wait_for(sub { eval { counter('sessions') } == 0 }, 6, 'no session');
is(post($t, '/whep/live/a', $offer)->{status}, 201, 'others may come');
$b->finish();

###############################################################################

done_testing();

###############################################################################

sub frames {
    my ($app, $name) = @_;

    my ($s) = grep { $_->{application} eq $app && $_->{name} eq $name }
        @{$t->json('/status')->{streams}};
    return $s && $s->{tracks}[0] ? $s->{tracks}[0]{frames} // 0 : 0;
}


sub counter { $t->json('/status')->{sfu}{$_[0]} }


# a datagram, and what is answered

sub ask {
    my ($datagram, $timeout) = @_;
    my $buf = '';

    $sock->send($datagram);
    $sock->recv($buf, 2000)
        if IO::Select->new($sock)->can_read($timeout // 5);

    return $buf;
}
